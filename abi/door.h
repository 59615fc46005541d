/* door.h - what lies between payrack.h and Go: the state of the processor, the process and the thread of the caller. */
#ifndef PAYRACK_DOOR_H
#define PAYRACK_DOOR_H
#include <stdint.h>

/* The caller's floating-point control words, kept while Go runs. Pascal programs unmask exceptions, and Go dies of them. */
typedef struct {
    uint32_t mxcsr;
    uint16_t x87;
} door_state;

void door_enter(door_state *caller);
void door_leave(const door_state *caller);

/* Whether this process was forked off after the library was loaded: Go has no threads there, and every call would hang. */
int door_forked(void);

/* The calling thread. */
uint64_t door_thread(void);

/* The folder and name of the library's file, 0 if the system does not tell. */
int32_t door_path(char *buf, int32_t cap);

/* Calls a pr_callback: on this thread, or on a short-lived one that Go did not make, named to Go by the ticket before the call. */
void door_call(uintptr_t callback, uintptr_t user, int32_t op, int32_t event, int32_t id);
void door_call_apart(uintptr_t callback, uintptr_t user, int32_t op, int32_t event, int32_t id, uintptr_t ticket);

#endif
