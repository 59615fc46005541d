/* attack.c - a cashier program that does everything wrong, and some things right. Argument: the installation's folder. */
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "payrack.h"

static const int32_t wild[] = {0, 1, -1, 42, 12345, INT32_MAX, INT32_MIN};

static int32_t finish(pr_op op) {
    int32_t ev, id, r;
    while ((r = pr_poll(op, 10000, &ev, &id)) == PR_EVENT)
        ;
    return r;
}

static void nothing_for_something(pr_host h, pr_op op) {
    int64_t n;
    int32_t a;
    pr_op out;
    CHECK_CODE(pr_open(PR_ABI_VERSION, NULL, "4", 0, NULL), PR_E_ARGUMENT);
    CHECK_CODE(pr_set_option(h, NULL, NULL), PR_E_ARGUMENT);
    CHECK(pr_info(h, NULL, NULL, NULL, 0) < 0);
    CHECK(pr_last_error(h, NULL, 0) > 1);
    CHECK(pr_error_text(PR_E_BUSY, NULL, NULL, 0) > 1);
    CHECK(pr_version(NULL, 0) > 1);
    CHECK(pr_version(NULL, 100) > 1);
    CHECK_CODE(pr_setting(h, NULL, NULL, NULL, 0), PR_E_ARGUMENT);
    CHECK_CODE(pr_set_setting(h, NULL, NULL, NULL), PR_E_ARGUMENT);
    CHECK_CODE(pr_activate(h, NULL, NULL, NULL, NULL, 0), PR_E_ARGUMENT);
    CHECK_CODE(pr_start(h, NULL, NULL, 1, NULL, NULL, NULL), PR_E_ARGUMENT);
    CHECK_CODE(pr_start(h, NULL, NULL, 1, NULL, NULL, &out), PR_E_ARGUMENT);
    CHECK_CODE(pr_start(h, "sendy", "pay.online", 1, NULL, NULL, &out), PR_E_ARGUMENT);
    CHECK_CODE(pr_poll(op, 0, NULL, NULL), PR_E_ARGUMENT);
    CHECK_CODE(pr_poll(op, -1, &a, &a), PR_E_ARGUMENT);
    CHECK_CODE(pr_event_str(op, NULL, NULL, 0), PR_E_STATE);
    CHECK_CODE(pr_event_int(op, NULL, &n), PR_E_STATE);
    CHECK_CODE(pr_event_int(op, "timeout", NULL), PR_E_ARGUMENT);
    CHECK_CODE(pr_answer(op, 0, NULL), PR_E_NOT_FOUND);
    CHECK_CODE(pr_str(op, NULL, NULL, 0), PR_E_ARGUMENT);
    CHECK_CODE(pr_int(op, NULL, NULL), PR_E_ARGUMENT);
    CHECK_CODE(pr_int(op, "text", NULL), PR_E_ARGUMENT);
    CHECK(pr_slip(op, 1, NULL, NULL, 0, NULL, 0) < 0);
    CHECK_CODE(pr_pending_ref(h, -1, NULL, 0), PR_E_ARGUMENT);
    CHECK_CODE(pr_pending_ref(h, 1000000, NULL, 0), PR_E_ARGUMENT);
    CHECK_CODE(pr_attach(h, NULL, &out), PR_E_ARGUMENT);
    CHECK_CODE(pr_attach(h, "x", NULL), PR_E_ARGUMENT);
    CHECK_CODE(pr_resolve(h, NULL, 0, NULL), PR_E_ARGUMENT);
    CHECK_CODE(pr_pay_online(h, "sendy", 1, "n1", NULL), PR_E_ARGUMENT);
    CHECK_CODE(pr_pay_offline(h, NULL, 1, NULL, NULL, &out), PR_E_ARGUMENT);
    CHECK_CODE(pr_refund(h, NULL, 1, NULL, &out), PR_E_ARGUMENT);
    CHECK_CODE(pr_close_day(h, NULL, 0, &out), PR_E_ARGUMENT);
    CHECK_CODE(pr_report(h, NULL, NULL, &out), PR_E_ARGUMENT);
    CHECK_CODE(pr_log(h, 0, NULL), PR_OK);
    CHECK_CODE(pr_show_properties(h, NULL, 0), PR_E_UNSUPPORTED);
    CHECK_CODE(pr_set_window(h, 1, 0x8001), PR_E_UNSUPPORTED);
    CHECK_CODE(pr_wait_handle(h, NULL), PR_E_ARGUMENT);
    CHECK_CODE(pr_support_bundle(h, NULL, 0), PR_E_UNSUPPORTED);
    CHECK(pr_selftest(NULL, NULL, 0) > 1);
}

static void wild_handles(void) {
    int64_t n;
    int32_t a;
    char buf[16];
    for (size_t i = 0; i < sizeof wild / sizeof *wild; i++) {
        int32_t w = wild[i];
        CHECK_CODE(pr_close(w), PR_E_HANDLE);
        CHECK_CODE(pr_set_option(w, "language", "en"), PR_E_HANDLE);
        CHECK_CODE(pr_set_callback(w, NULL, NULL), PR_E_HANDLE);
        CHECK_CODE(pr_set_window(w, 0, 0x400), PR_E_HANDLE);
        CHECK_CODE(pr_wait_handle(w, &n), PR_E_HANDLE);
        CHECK_CODE(pr_info(w, "", "modules", buf, 16), PR_E_HANDLE);
        CHECK_CODE(pr_start(w, "sendy", "test", 0, "w", "{}", &a), PR_E_HANDLE);
        CHECK_CODE(pr_poll(w, 0, &a, &a), PR_E_HANDLE);
        CHECK_CODE(pr_event_str(w, "text", buf, 16), PR_E_HANDLE);
        CHECK_CODE(pr_event_int(w, "timeout", &n), PR_E_HANDLE);
        CHECK_CODE(pr_answer(w, 1, "1"), PR_E_HANDLE);
        CHECK_CODE(pr_cancel(w, ""), PR_E_HANDLE);
        CHECK_CODE(pr_outcome(w), PR_E_HANDLE);
        CHECK_CODE(pr_str(w, "text", buf, 16), PR_E_HANDLE);
        CHECK_CODE(pr_slip(w, 1, "text", "", 0, buf, 16), PR_E_HANDLE);
        CHECK_CODE(pr_confirm(w), PR_E_HANDLE);
        CHECK_CODE(pr_reverse(w, ""), PR_E_HANDLE);
        CHECK_CODE(pr_release(w), PR_E_HANDLE);
        CHECK_CODE(pr_pending_count(w), PR_E_HANDLE);
        CHECK_CODE(pr_pay_online(w, "sendy", 1, "w", &a), PR_E_HANDLE);
        CHECK_CODE(pr_activation(w, "sendy", &a, &a), PR_E_HANDLE);
    }
}

static void texts(pr_host h) {
    char big[20000], buf[64], guarded[8];
    pr_op op;
    memset(big, '7', sizeof big);
    big[10 * 1024] = 0;
    CHECK_CODE(pr_pay_offline(h, "sendy", 100, "t1", big, &op), PR_E_ARGUMENT);
    CHECK_CODE(pr_pay_offline(h, "sendy", 100, "t1", "12\t34", &op), PR_E_ARGUMENT);
    CHECK_CODE(pr_pay_offline(h, "sendy", 100, "t1", "\xff\xfe", &op), PR_E_ENCODING);
    big[65] = 0;
    CHECK_CODE(pr_start(h, "sendy", "pay.online", 100, big, "{}", &op), PR_E_ARGUMENT);
    CHECK(pr_last_code(h) == PR_E_ARGUMENT);
    CHECK_CODE(pr_start(h, "sendy", "pay.online", 200, "t2", NULL, &op), PR_OK);
    CHECK_CODE(finish(op), PR_FINISHED);
    CHECK_CODE(pr_outcome(op), PR_DECLINED);

    /* A cut text ends at a whole character, and nothing is written behind it. */
    int32_t need = pr_str(op, "text", buf, sizeof buf);
    CHECK(need == (int32_t)strlen(buf) + 1 && strcmp(buf, "Недостаточно средств") == 0);
    for (int32_t cap = 0; cap <= 7; cap++) {
        memset(guarded, '#', sizeof guarded);
        CHECK(pr_str(op, "text", guarded, cap) == need);
        if (cap == 0)
            CHECK(guarded[0] == '#');
        else
            CHECK(strlen(guarded) % 2 == 0 && strncmp(guarded, buf, strlen(guarded)) == 0 && (int32_t)strlen(guarded) < cap);
        CHECK(guarded[7] == '#' || cap > 7);
    }
    CHECK_CODE(pr_str(op, "text", NULL, -5), need);

    CHECK_CODE(pr_set_option(h, "text.encoding", "cp1251"), PR_OK);
    need = pr_str(op, "text", buf, sizeof buf);
    CHECK(need == 21 && (unsigned char)buf[0] == 0xcd);
    CHECK_CODE(pr_set_option(h, "text.encoding", "cp866"), PR_OK);
    CHECK(pr_str(op, "text", buf, 3) == 21 && memcmp(buf, "\x8d\xa5", 3) == 0);
    CHECK_CODE(pr_set_option(h, "text.encoding", "utf-8"), PR_OK);
    CHECK_CODE(pr_set_option(h, "text.encoding", "ebcdic"), PR_E_ARGUMENT);
    CHECK_CODE(pr_release(op), PR_OK);
}

/* The last event stays readable after the end, paper can be measured, and a handle that was released is no loss. */
static void afterwards(pr_host h) {
    char text[64], guarded[8];
    int64_t kind = 0;
    pr_op op, again;
    CHECK_CODE(pr_start(h, "sendy", "pay.online", 100, "a1", NULL, &op), PR_OK);
    CHECK_CODE(finish(op), PR_FINISHED);
    CHECK(pr_event_int(op, "kind", &kind) == PR_OK && kind == 77);
    CHECK(pr_event_str(op, "text", text, sizeof text) > 1 && strcmp(text, "a kind of tomorrow") == 0);
    CHECK_CODE(pr_outcome(op), PR_OK);

    int32_t need = pr_slip(op, 1, "text", "utf-8", 0, NULL, 0);
    CHECK(need == (int32_t)sizeof "СЛИП");
    CHECK_CODE(pr_slip(op, 1, "text", "utf-8", 0, NULL, 64), need);
    CHECK(pr_slip(op, 1, "text", "utf-8", 0, text, need) == need && strcmp(text, "СЛИП") == 0);
    CHECK(pr_slip(op, 1, "text", "utf-8", 0, text, 4) == need && strcmp(text, "С") == 0);
    memset(guarded, '#', sizeof guarded);
    CHECK(pr_slip(op, 1, "png", "", 0, guarded, 4) == 6 && memcmp(guarded, "\x89PNG#", 5) == 0); /* bytes, and no NUL */
    CHECK_CODE(pr_slip(op, 1, "pdf", "", 0, NULL, 0), PR_E_UNSUPPORTED);

    CHECK_CODE(pr_release(op), PR_OK);
    CHECK_CODE(pr_outcome(op), PR_E_HANDLE);
    CHECK_CODE(pr_attach(h, "a1", &again), PR_OK);
    CHECK(again != op && pr_outcome(again) == PR_OK);
    CHECK(pr_str(again, "ref", text, sizeof text) == 3 && strcmp(text, "a1") == 0);
    CHECK_CODE(pr_start(h, "sendy", "pay.online", 100, "a1", NULL, &op), PR_OK); /* the same ref names the same operation */
    CHECK_CODE(finish(op), PR_FINISHED);
    CHECK_CODE(pr_outcome(op), PR_OK);
    CHECK_CODE(pr_start(h, "sendy", "pay.online", 101, "a1", NULL, &op), PR_E_REF_REUSED);
    CHECK(op == 0);
}

static pr_host shared;
static int thread_failures[8];

static void *payments(void *n) {
    int me = *(int *)n;
    char ref[32], buf[256];
    for (int i = 0; i < 20; i++) {
        pr_op op;
        snprintf(ref, sizeof ref, "thread-%d-%d", me, i);
        if (pr_start(shared, "sendy", "pay.online", 100, ref, "{}", &op) != PR_OK || finish(op) != PR_FINISHED || pr_outcome(op) != PR_OK)
            thread_failures[me]++;
        /* The last refusal is this thread's own. */
        if (pr_start(shared, "sendy", me % 2 ? "nonsense" : "pay.online", 100, me % 2 ? ref : "", NULL, &op) != PR_E_ARGUMENT ||
            pr_last_error(shared, buf, sizeof buf) < 2 || !strstr(buf, me % 2 ? "nonsense" : "ref"))
            thread_failures[me]++;
        pr_outcome(12345);
    }
    return NULL;
}

static void threads(pr_host h) {
    pthread_t t[8];
    int n[8];
    shared = h;
    for (int i = 0; i < 8; i++) {
        n[i] = i;
        CHECK(pthread_create(&t[i], NULL, payments, &n[i]) == 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(t[i], NULL);
        CHECK(thread_failures[i] == 0);
    }
}

struct heard {
    pthread_t caller;
    int events, qr, other_thread, other_calls;
    pr_op *handle;
};

static void PR_CALL on_event(void *user, pr_op op, int32_t event, int32_t id) {
    struct heard *h = user;
    char buf[64];
    (void)id;
    if (event == PR_EV_PENDING || (h->handle && *h->handle != op))
        return; /* other operations' events come on their own thread */
    h->events++;
    if (!pthread_equal(pthread_self(), h->caller))
        h->other_thread++;
    if (pr_outcome(op) != PR_E_THREAD || pr_release(op) != PR_E_THREAD)
        h->other_calls++;
    if (event == PR_EV_QR_SHOW) {
        h->qr++;
        if (pr_event_str(op, "payload", buf, sizeof buf) < 2 || strcmp(buf, "https://pay.example/q/1") != 0)
            h->other_calls++;
        pr_cancel(op, "Esc");
    }
}

static void callbacks(pr_host h) {
    pr_op op = 0;
    struct heard heard = {pthread_self(), 0, 0, 0, 0, &op};
    CHECK_CODE(pr_set_callback(h, on_event, &heard), PR_OK);
    CHECK_CODE(pr_pay_online(h, "sendy", 300, "c1", &op), PR_CANCELLED);
    CHECK(op > 0 && heard.qr == 1 && heard.events == 4 && heard.other_thread == 0 && heard.other_calls == 0);

    struct heard apart = {pthread_self(), 0, 0, 0, 0, NULL};
    CHECK_CODE(pr_set_callback(h, on_event, &apart), PR_OK);
    CHECK_CODE(pr_start(h, "sendy", "pay.online", 300, "c2", "{}", &op), PR_OK);
    CHECK_CODE(finish(op), PR_FINISHED);
    CHECK_CODE(pr_outcome(op), PR_CANCELLED);
    CHECK_CODE(pr_set_callback(h, NULL, NULL), PR_OK);
    CHECK(apart.qr == 1 && apart.other_thread == apart.events && apart.other_calls == 0);
    CHECK_CODE(pr_pay_online(h, "sendy", 100, "c3", &op), PR_E_NEEDS_PROMPT);
}

static void waits_by_handle(const char *home) {
    pr_host h;
    pr_op op;
    int64_t handle = -1;
    int32_t ev, id, r = PR_WAITING;
    CHECK_CODE(pr_open(PR_ABI_VERSION, home, "5", 0, &h), PR_OK);
    CHECK_CODE(pr_wait_handle(h, &handle), PR_OK);
    struct pollfd bell = {(int)handle, POLLIN, 0};
    CHECK_CODE(pr_start(h, "sendy", "pay.online", 100, "bell", "{}", &op), PR_OK);
    while (r != PR_FINISHED && poll(&bell, 1, 10000) == 1)
        while ((r = pr_poll(op, 0, &ev, &id)) == PR_EVENT)
            ;
    CHECK_CODE(r, PR_FINISHED);
    CHECK_CODE(pr_outcome(op), PR_OK);
    CHECK_CODE(poll(&bell, 1, 0), 0);
    CHECK_CODE(pr_close(h), PR_OK);
}

static void forked(pr_host h) {
    pid_t child = fork();
    if (child == 0) {
        pr_host other;
        char buf[8];
        alarm(20); /* a call that hangs ends the child by a signal */
        int ok = pr_pending_count(h) == PR_E_STATE && pr_version(buf, 8) == PR_E_STATE && pr_close(h) == PR_E_STATE &&
                 pr_open(PR_ABI_VERSION, NULL, "4", 0, &other) == PR_E_STATE;
        _exit(ok ? 0 : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(pr_pending_count(h) >= 0);
}

int main(int argc, char **argv) {
    pr_host h;
    pr_op op;
    int32_t r, active = -1, left = -1;
    if (argc != 2)
        return 2;
    CHECK_CODE(pr_abi_version(), PR_ABI_VERSION);
    CHECK_CODE(pr_open(0x00020000, argv[1], "4", 0, &h), PR_E_ABI);
    CHECK(h == 0 && pr_last_code(0) == PR_E_ABI);
    CHECK_CODE(pr_open(PR_ABI_VERSION, argv[1], "4", PR_F_BUILTIN_UI, &h), PR_E_UNSUPPORTED);
    CHECK_CODE(pr_open(PR_ABI_VERSION, "/nowhere", "4", 0, &h), PR_E_CONFIG);
    wild_handles();
    r = pr_open(PR_ABI_VERSION, argv[1], "4", 0, &h);
    CHECK(r == PR_OK && h > 0);
    if (r < 0)
        return 1;
    CHECK_CODE(pr_start(h, "sendy", "pay.online", 700, "stays", "{}", &op), PR_OK);
    nothing_for_something(h, op);
    wild_handles();
    texts(h);
    afterwards(h);
    CHECK_CODE(pr_activation(h, "sendy", &active, &left), PR_OK);
    CHECK(active == 1 && left == 2);
    threads(h);
    callbacks(h);
    waits_by_handle(argv[1]);
    forked(h);
    CHECK_CODE(pr_close(h), PR_OK);
    CHECK_CODE(pr_close(h), PR_E_HANDLE);
    CHECK_CODE(pr_outcome(op), PR_E_HANDLE);
    return failed ? 1 : 0;
}
