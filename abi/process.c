/* The process, its threads, and callbacks into it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "door.h"
#include "payrack.h"
#include "_cgo_export.h"

#if defined(_WIN32)
#include <windows.h>

int door_forked(void) { return 0; }

uint64_t door_thread(void) { return GetCurrentThreadId(); }

/* FreeLibrary would unmap Go's code under its running threads. */
__attribute__((constructor)) static void pin(void) {
    HMODULE self;
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, (LPCWSTR)(void *)&door_thread, &self);
}

int32_t door_path(char *buf, int32_t cap) {
    HMODULE self;
    WCHAR wide[4096];
    DWORD n;
    if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, (LPCWSTR)(void *)&door_thread, &self))
        return 0;
    n = GetModuleFileNameW(self, wide, 4096);
    if (n == 0 || n >= 4096)
        return 0;
    n = (DWORD)WideCharToMultiByte(CP_UTF8, 0, wide, -1, buf, cap, NULL, NULL);
    return n > 0 ? (int32_t)n - 1 : 0;
}

#else
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif

static pid_t loaded_by;

__attribute__((constructor)) static void remember_process(void) { loaded_by = getpid(); }

int door_forked(void) { return getpid() != loaded_by; }

uint64_t door_thread(void) {
#if defined(__linux__)
    return (uint64_t)syscall(SYS_gettid);
#else
    uint64_t id = 0;
    pthread_threadid_np(NULL, &id);
    return id;
#endif
}

int32_t door_path(char *buf, int32_t cap) {
    Dl_info info;
    size_t n;
    if (!dladdr((void *)&door_thread, &info) || !info.dli_fname)
        return 0;
    n = strlen(info.dli_fname);
    if (n >= (size_t)cap)
        return 0;
    memcpy(buf, info.dli_fname, n + 1);
    return (int32_t)n;
}
#endif

/* The callback may change the control words for itself; Go gets its own back. */
void door_call(uintptr_t callback, uintptr_t user, int32_t op, int32_t event, int32_t id) {
    door_state go;
    door_enter(&go);
    ((pr_callback)callback)((void *)user, op, event, id);
    door_leave(&go);
}

typedef struct {
    uintptr_t callback, user, ticket;
    int32_t op, event, id;
} apart;

static void run(const apart *a) {
    payrackOnThread(a->ticket, door_thread());
    door_call(a->callback, a->user, a->op, a->event, a->id);
}

#if defined(_WIN32)
static DWORD WINAPI body(LPVOID a) {
    run(a);
    return 0;
}

void door_call_apart(uintptr_t callback, uintptr_t user, int32_t op, int32_t event, int32_t id, uintptr_t ticket) {
    apart a = {callback, user, ticket, op, event, id};
    HANDLE thread = CreateThread(NULL, 0, body, &a, 0, NULL);
    if (!thread)
        return;
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}
#else
static void *body(void *a) {
    run(a);
    return NULL;
}

void door_call_apart(uintptr_t callback, uintptr_t user, int32_t op, int32_t event, int32_t id, uintptr_t ticket) {
    apart a = {callback, user, ticket, op, event, id};
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, &a) == 0)
        pthread_join(thread, NULL);
}
#endif
