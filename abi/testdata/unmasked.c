/* unmasked.c - a program that, like Pascal's, lets floating-point exceptions trap, loads the library by itself, and unloads it.
 * Arguments: the library's file, the installation's folder. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <fenv.h>
#include <stdint.h>

#include "check.h"
#include "payrack.h"

#define LOAD(name) __typeof__(&name) name##_ = (__typeof__(&name))dlsym(lib, #name)

static int events;

static void PR_CALL on_event(void *user, pr_op op, int32_t event, int32_t id) {
    (void)user, (void)op, (void)event, (void)id;
    feenableexcept(FE_ALL_EXCEPT); /* what a Pascal program's own start of a thread does */
    events++;
}

int main(int argc, char **argv) {
    const int traps = FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW | FE_UNDERFLOW | FE_INEXACT;
    pr_host h;
    pr_op op;
    char buf[4096];
    if (argc != 3)
        return 2;
    feenableexcept(traps);
    void *lib = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!lib) {
        printf("%s\n", dlerror());
        return 1;
    }
    CHECK(fegetexcept() == traps);
    LOAD(pr_open);
    LOAD(pr_close);
    LOAD(pr_start);
    LOAD(pr_poll);
    LOAD(pr_str);
    LOAD(pr_release);
    LOAD(pr_set_callback);
    LOAD(pr_pay_online);
    LOAD(pr_error_text);
    int32_t r = pr_open_(PR_ABI_VERSION, argv[2], "4", 0, &h);
    CHECK(r == PR_OK || r == PR_PENDING);
    for (int i = 0; i < 100; i++) { /* long enough for Go to collect garbage, which divides */
        char ref[32];
        int32_t ev, id;
        snprintf(ref, sizeof ref, "fp-%d", i);
        CHECK_CODE(pr_start_(h, "sendy", "pay.online", 100, ref, "{}", &op), PR_OK);
        while (pr_poll_(op, 10000, &ev, &id) == PR_EVENT)
            ;
        for (int k = 0; k < 20; k++)
            CHECK(pr_str_(op, "json", buf, sizeof buf) > 100);
        CHECK_CODE(pr_release_(op), PR_OK);
        CHECK(fegetexcept() == traps);
    }
    CHECK_CODE(pr_set_callback_(h, on_event, NULL), PR_OK);
    CHECK_CODE(pr_pay_online_(h, "sendy", 100, "fp-classic", &op), PR_OK);
    CHECK(events >= 2 && fegetexcept() == traps);
    CHECK_CODE(pr_close_(h), PR_OK);
    CHECK(dlclose(lib) == 0);
    CHECK(pr_error_text_(PR_E_BUSY, "ru", buf, sizeof buf) > 1); /* the code is still there */
    CHECK(fegetexcept() == traps);
    return failed ? 1 : 0;
}
