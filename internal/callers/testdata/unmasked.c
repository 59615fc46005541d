/* A Windows program that, like Delphi's, lets floating-point exceptions trap, and unloads the library. Arguments: the library, the
 * installation, a customer's code. */
#include <stdio.h>
#include <windows.h>

#define PAYRACK_LOAD_HERE
#include "payrack_load.h"

/* Everything traps, inexact results too, which is more than Delphi asks for: so any division in the library shows. Bit 6 of the x87 word
 * always reads as 1. */
enum { X87_TRAPS = 0x1340, MXCSR_TRAPS = 0, MXCSR_FLAGS = 0x3f };

static int calls, lost;

static void unmask(void) {
    unsigned short x87 = X87_TRAPS;
    unsigned mxcsr = MXCSR_TRAPS;
    __asm__ volatile("fnclex\n\tfldcw %0\n\tldmxcsr %1" : : "m"(x87), "m"(mxcsr));
}

static void kept(void) {
    unsigned short x87;
    unsigned mxcsr;
    __asm__ volatile("fnstcw %0\n\tstmxcsr %1" : "=m"(x87), "=m"(mxcsr));
    lost += x87 != X87_TRAPS || (mxcsr & ~MXCSR_FLAGS) != MXCSR_TRAPS;
}

static void PR_LOADED on_event(void *user, pr_op op, int32_t event, int32_t id) {
    (void)user, (void)op, (void)event, (void)id;
    unmask(); /* what a Pascal program's own start of a thread does */
    calls++;
}

int main(int argc, char **argv) {
    char params[128], text[4096];
    pr_host host = 0;
    pr_op op = 0;
    int32_t event, id;
    if (argc != 4)
        return 2;
    unmask();
    if (payrack_load(argv[1]))
        return 2;
    kept();
    int32_t opened = pr_open(PR_ABI_VERSION, argv[2], "4", 0, &host);
    kept();
    int32_t heard = pr_set_callback(host, on_event, NULL);
    kept();
    snprintf(params, sizeof params, "{\"code\":\"%s\"}", argv[3]);
    int32_t begun = pr_start(host, "sendy", "pay.offline", 100, "unmasked", params, &op);
    kept();
    for (int32_t r = PR_WAITING; r == PR_WAITING || r == PR_EVENT; kept())
        r = pr_poll(op, 10000, &event, &id);
    int read = 0;
    for (int i = 0; i < 500; i++, kept()) /* long enough for Go to collect garbage, which divides */
        read += pr_str(op, "json", text, sizeof text) > 100;
    int32_t outcome = pr_outcome(op);
    kept();
    int32_t closed = pr_close(host);
    kept();
    HMODULE library = GetModuleHandleA("payrack.dll");
    int freed = library && FreeLibrary(library) && FreeLibrary(library);
    int there = GetModuleHandleA("payrack.dll") == library && pr_error_text(PR_E_BUSY, "ru", text, sizeof text) > 1;
    kept();
    printf("open %d callback %d begun %d read %d outcome %d called %d closed %d lost %d freed %d there %d\n", (int)opened, (int)heard, (int)begun, read,
           (int)outcome, calls > 0, (int)closed, lost, freed, there);
    return 0;
}
