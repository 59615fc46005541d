/* A Windows program that waits for payrack by messages to its window, and by the event. Arguments: the library, the installation, three codes
 * of customers. Compiled with -DSTDCALL it calls the twins. */
#include <stdint.h>
#include <stdio.h>
#include <windows.h>

#define dllimport /* the functions are looked up, not linked */
#include "payrack.h"

#ifdef STDCALL
#undef PR_CALL
#define PR_CALL __stdcall
#define PREFIX "prs_"
#else
#define PREFIX "pr_"
#endif
#define FUNCTION(name) ((void *)GetProcAddress(lib, PREFIX name))

static int32_t(PR_CALL *open_)(int32_t, const char *, const char *, uint32_t, pr_host *);
static int32_t(PR_CALL *close_)(pr_host);
static int32_t(PR_CALL *set_window)(pr_host, int64_t, uint32_t);
static int32_t(PR_CALL *wait_handle)(pr_host, int64_t *);
static int32_t(PR_CALL *start)(pr_host, const char *, const char *, int64_t, const char *, const char *, pr_op *);
static int32_t(PR_CALL *poll)(pr_op, int32_t, int32_t *, int32_t *);
static int32_t(PR_CALL *outcome)(pr_op);
static int32_t(PR_CALL *set_callback)(pr_host, void(PR_CALL *)(void *, pr_op, int32_t, int32_t), void *);

static void PR_CALL heard(void *user, pr_op op, int32_t event, int32_t id) {
    (void)op, (void)event, (void)id;
    InterlockedIncrement(user);
}

static pr_op begin(pr_host host, const char *ref, const char *code) {
    char params[256];
    pr_op op = 0;
    snprintf(params, sizeof params, "{\"code\":\"%s\"}", code);
    if (start(host, "sendy", "pay.offline", 100, ref, params, &op) != PR_OK)
        printf("%s was not begun\n", ref);
    return op;
}

/* Takes what there is; whether the outcome was there. */
static int drained(pr_op op) {
    int32_t event, id, r;
    while ((r = poll(op, 0, &event, &id)) == PR_EVENT)
        ;
    return r == PR_FINISHED;
}

int main(int argc, char **argv) {
    enum { NEWS = WM_APP + 1 };
    HMODULE lib = argc == 6 ? LoadLibraryA(argv[1]) : NULL;
    pr_host host;
    pr_op op;
    int64_t handle = 0;
    int messages = 0, pending = 0, waits = 0, done = 0;
    int32_t by_message, by_handle, refused;
    MSG m;
    if (!lib)
        return 2;
    open_ = FUNCTION("open");
    close_ = FUNCTION("close");
    set_window = FUNCTION("set_window");
    wait_handle = FUNCTION("wait_handle");
    start = FUNCTION("start");
    poll = FUNCTION("poll");
    outcome = FUNCTION("outcome");
    set_callback = FUNCTION("set_callback");
    if (open_(PR_ABI_VERSION, argv[2], "4", 0, &host) < 0)
        return 3;
    HWND window = CreateWindowExW(0, L"STATIC", L"", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, NULL, NULL);
    refused = (set_window(host, 12345, NEWS) == PR_E_ARGUMENT) + (set_window(host, (int64_t)(intptr_t)window, WM_CLOSE) == PR_E_ARGUMENT);
    if (set_window(host, (int64_t)(intptr_t)window, NEWS) != PR_OK)
        return 4;
    op = begin(host, "by-message", argv[3]);
    SetTimer(NULL, 0, 60000, NULL);
    while (!done && GetMessageW(&m, NULL, 0, 0) > 0 && m.message != WM_TIMER) {
        if (m.message != NEWS || m.hwnd != window)
            continue;
        messages += m.wParam == (WPARAM)op;
        pending += m.wParam == 0;
        done = m.wParam == (WPARAM)op && drained(op);
    }
    by_message = outcome(op);
    set_window(host, 0, 0);
    if (wait_handle(host, &handle) != PR_OK)
        return 5;
    op = begin(host, "by-handle", argv[4]);
    for (done = 0; !done && WaitForSingleObject((HANDLE)(intptr_t)handle, 60000) == WAIT_OBJECT_0; waits++)
        done = drained(op);
    by_handle = outcome(op);
    done = WaitForSingleObject((HANDLE)(intptr_t)handle, 0) == WAIT_TIMEOUT;
    volatile LONG calls = 0;
    set_callback(host, heard, (void *)&calls);
    op = begin(host, "called-back", argv[5]);
    int32_t event, id;
    while (poll(op, 10000, &event, &id) == PR_WAITING)
        ;
    set_callback(host, NULL, NULL);
    close_(host);
    printf("messages %d pending %d waits %d quiet %d calls %d refused %d outcomes %d %d\n", messages > 0, pending > 0, waits > 0, done, calls > 0, (int)refused, (int)by_message, (int)by_handle);
    return 0;
}
