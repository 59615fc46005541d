/* payer - a till that does what it is told on standard input and answers each line with one line of times in nanoseconds.
 *
 *   payer HOME POS
 *   open                            opens a session and asks a first question
 *   close
 *   activate TERMINAL SERIAL CODE
 *   pay COUNT FIRST                 pays with fresh codes; a pair for each payment: its own time, and its confirmation's
 *
 * The answer is "ok" and the times, or "error" and what is known.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "payrack.h"

static pr_host host;

static long long now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void failed(const char *what, int32_t code)
{
    char text[512] = "", hint[512] = "";
    pr_last_error(host, text, sizeof text);
    pr_last_hint(host, hint, sizeof hint);
    printf("error %s: %d %s %s\n", what, (int)code, text, hint);
}

static void open_session(const char *home, const char *pos)
{
    static char health[1 << 16];
    long long begun = now();
    int32_t code = pr_open(PR_ABI_VERSION, home, pos, PR_F_NO_PROMPTS, &host);
    if (code != PR_OK && code != PR_PENDING) {
        failed("pr_open", code);
        return;
    }
    code = pr_info(host, "sendy", "capabilities", health, sizeof health);
    if (code < 0) {
        failed("pr_info", code);
        return;
    }
    printf("ok %lld\n", now() - begun);
}

static void activate(void)
{
    const char *terminal = strtok(NULL, " "), *serial = strtok(NULL, " "), *secret = strtok(NULL, " ");
    int32_t code = pr_activate(host, "sendy", terminal, serial, secret, 0);
    if (code != PR_OK)
        failed("pr_activate", code);
    else
        printf("ok\n");
}

/* 0: paid. The times are printed. */
static int pay_once(long n)
{
    char ref[32], code[32];
    pr_op op = 0;
    long long begun, paid;
    int32_t outcome;
    snprintf(ref, sizeof ref, "bench-%ld", n);
    snprintf(code, sizeof code, "SENDY-%014ld00", n); /* 00: its customer pays at once */
    begun = now();
    outcome = pr_pay_offline(host, "sendy", 100, ref, code, &op);
    paid = now();
    if (outcome != PR_OK) {
        char text[256] = "";
        if (op > 0)
            pr_str(op, "text", text, sizeof text);
        printf("\n");
        failed(text[0] ? text : "pr_pay_offline", outcome);
        return 1;
    }
    if ((outcome = pr_confirm(op)) != PR_OK) {
        printf("\n");
        failed("pr_confirm", outcome);
        return 1;
    }
    printf(" %lld %lld", paid - begun, now() - paid);
    pr_release(op);
    return 0;
}

static void pay(void)
{
    const char *count_text = strtok(NULL, " "), *first_text = strtok(NULL, " ");
    long count = count_text ? atol(count_text) : 0, first = first_text ? atol(first_text) : 0, i;
    printf("ok");
    for (i = 0; i < count; i++)
        if (pay_once(first + i))
            return;
    printf("\n");
}

int main(int argc, char **argv)
{
    char line[512];
    if (argc != 3) {
        fprintf(stderr, "usage: payer HOME POS\n");
        return 2;
    }
    while (fgets(line, sizeof line, stdin)) {
        const char *word;
        line[strcspn(line, "\n")] = 0;
        word = strtok(line, " ");
        if (!word)
            continue;
        if (!strcmp(word, "open"))
            open_session(argv[1], argv[2]);
        else if (!strcmp(word, "close"))
            printf(pr_close(host) == PR_OK ? "ok\n" : "error pr_close\n");
        else if (!strcmp(word, "activate"))
            activate();
        else if (!strcmp(word, "pay"))
            pay();
        else
            printf("error no such word\n");
        fflush(stdout);
    }
    return 0;
}
