/* The floating-point control words: saved, set to what Go expects, restored. */
#include "door.h"

#if defined(__i386__) || defined(__x86_64__)

static uint32_t get_mxcsr(void) {
    uint32_t v;
    __asm__ volatile("stmxcsr %0" : "=m"(v));
    return v;
}

static void set_mxcsr(uint32_t v) { __asm__ volatile("ldmxcsr %0" : : "m"(v)); }

static uint16_t get_x87(void) {
    uint16_t v;
    __asm__ volatile("fnstcw %0" : "=m"(v));
    return v;
}

/* Flags that are raised would trap as soon as their exception is unmasked: they are cleared first. */
static void set_x87(uint16_t v) { __asm__ volatile("fnclex\n\tfldcw %0" : : "m"(v)); }

enum { MXCSR_GO = 0x1f80, X87_GO = 0x037f };

static void save(door_state *s) {
    s->mxcsr = get_mxcsr();
    s->x87 = get_x87();
}

void door_enter(door_state *caller) {
    save(caller);
    set_mxcsr(MXCSR_GO);
    set_x87(X87_GO);
}

void door_leave(const door_state *caller) {
    set_x87(caller->x87);
    set_mxcsr(caller->mxcsr);
}

#else

void door_enter(door_state *caller) { caller->mxcsr = 0; caller->x87 = 0; }
void door_leave(const door_state *caller) { (void)caller; }

#endif

#if defined(__linux__)
/* Go's first thread is started by a constructor and inherits the control words of the thread that loads the library. The first of this
 * pair runs before it, the second after it: constructors without a priority run last, in the order of linking, and Go's is linked first. */
static door_state loader;

__attribute__((constructor(101))) static void before_go(void) { door_enter(&loader); }
__attribute__((constructor)) static void after_go(void) { door_leave(&loader); }
#endif
