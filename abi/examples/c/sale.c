/* sale.c - what a till does with payrack: it writes the ref down, starts, polls, shows, prints, and confirms. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "till.h"

enum { TEXT = 16384, CODE = 4096 };

const char *outcome_word(int32_t outcome) {
    switch (outcome) {
    case PR_OK: return "approved";
    case PR_DECLINED: return "declined";
    case PR_CANCELLED: return "cancelled";
    case PR_UNKNOWN: return "unknown";
    case PR_WAITING: return "running";
    }
    return "refused";
}

void complain(pr_host host, int32_t code) {
    char text[1024], hint[1024];
    if (pr_last_code(host) != code || pr_last_error(host, text, sizeof text) <= 1)
        pr_error_text(code, t("ru", "en"), text, sizeof text);
    printf("%s (%d)\n", text, (int)code);
    if (pr_last_hint(host, hint, sizeof hint) > 1)
        printf("  %s\n", hint);
}

/* A new ref, on disk before anybody else hears of it: after a crash the till asks for it with pr_attach. A till has a receipt number of
 * its own; here it is the number of the ref's line. */
static int new_ref(struct till *till, char *ref, size_t cap, long *receipt) {
    static unsigned counter;
    char stamp[32];
    time_t now = time(NULL);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", localtime(&now));
    snprintf(ref, cap, "%.20s-%.15s-%u-%u", till->pos, stamp, process_id() % 10000000u, ++counter % 100000u);
    if (!append_line(till->refs, ref, receipt)) {
        printf("%s: %s\n", till->refs, strerror(errno));
        return 0;
    }
    return 1;
}

static int text_of(pr_op op, const char *key, char *buf, int32_t cap) {
    buf[0] = 0;
    return pr_str(op, key, buf, cap) > 1;
}

static int event_text(pr_op op, const char *key, char *buf, int32_t cap) {
    buf[0] = 0;
    return pr_event_str(op, key, buf, cap) > 1;
}

static void print_slip(pr_op op, int32_t copy) {
    char *slip = malloc(TEXT * 4);
    if (slip && pr_slip(op, copy, "text", "utf-8", 0, slip, TEXT * 4) > 1)
        printf("%s\n", slip);
    free(slip);
}

static void print_slips(pr_op op, int64_t at_least) {
    int64_t slips = 0;
    pr_int(op, "slips", &slips);
    for (int32_t copy = 1; copy <= (slips > at_least ? slips : at_least); copy++)
        print_slip(op, copy);
}

/* An answer: the script's next one, the person's, or where nobody says anything the default. */
static void answer_as(struct till *till, const char *what, const char *fallback, int secret, char *buf, size_t cap) {
    if (!till->script)
        ask(what, buf, cap);
    else {
        snprintf(buf, cap, "%s", till->answered < till->given ? till->answers[till->answered++] : "");
        printf("%s: %s\n", what, secret ? "***" : *buf ? buf : fallback);
    }
    if (!*buf)
        snprintf(buf, cap, "%s", fallback);
}

static void answer(struct till *till, const char *what, const char *fallback, char *buf, size_t cap) {
    answer_as(till, what, fallback, 0, buf, cap);
}

static void choose(struct till *till, pr_op op, const char *title, const char *fallback, char *buf, size_t cap) {
    char items[4096], id[128], text[256];
    const char *p = items;
    int n = 0, wanted;
    event_text(op, "items", items, sizeof items);
    printf("%s\n", title);
    while (json_text(&p, "id", id, sizeof id) && json_text(&p, "text", text, sizeof text))
        printf("  %d. %s (%s)\n", ++n, text, id);
    answer(till, t("номер или код", "number or id"), fallback, buf, cap);
    wanted = atoi(buf);
    for (p = items, n = 0; json_text(&p, "id", id, sizeof id);)
        if (++n == wanted)
            snprintf(buf, cap, "%s", id);
}

static void show_prompt(struct till *till, pr_op op, int32_t event, int32_t id) {
    char text[4096], fallback[256], reply[4096] = "", file[1024], reason[64], input[32];
    if (!event_text(op, event == PR_EV_CONFIRM || event == PR_EV_PRINT ? "text" : "title", text, sizeof text))
        event_text(op, "title", text, sizeof text);
    event_text(op, "default", fallback, sizeof fallback);
    if (event == PR_EV_PRINT && event_text(op, "reason", reason, sizeof reason) && !strcmp(reason, "statement")) {
        /* a paper that the client signs first; the file is gone once the question is answered */
        printf("%s\n", text);
        if (event_text(op, "file", file, sizeof file))
            printf("[%s %s]\n", t("ЗАЯВЛЕНИЕ", "STATEMENT"), file);
        answer(till, t("1 - подписано, 0 - отменить", "1 signed, 0 cancel"), "1", reply, sizeof reply);
    } else if (event == PR_EV_PRINT) {
        printf("%s\n", text);
        snprintf(reply, sizeof reply, "1");
    } else if (event == PR_EV_CHOICE)
        choose(till, op, text, fallback, reply, sizeof reply);
    else if (event == PR_EV_CONFIRM) {
        strncat(text, t(" (1 - да, 0 - нет)", " (1 yes, 0 no)"), sizeof text - strlen(text) - 1);
        answer(till, text, fallback, reply, sizeof reply);
    } else { /* numbers of cards, codes and passwords are not shown */
        event_text(op, "input", input, sizeof input);
        answer_as(till, text, fallback, !strcmp(input, "card") || !strcmp(input, "otp") || !strcmp(input, "password"), reply, sizeof reply);
    }
    int32_t r = pr_answer(op, id, reply);
    if (r < 0)
        complain(till->host, r);
}

static void show_event(struct till *till, pr_op op, int32_t event, int32_t id) {
    char text[TEXT];
    int64_t n = 0;
    switch (event) {
    case PR_EV_STATUS:
        if (event_text(op, "text", text, sizeof text))
            printf("· %s\n", text);
        break;
    case PR_EV_CUSTOMER:
        if (event_text(op, "text", text, sizeof text))
            printf("%s: %s\n", t("Покупателю", "To the customer"), text);
        break;
    case PR_EV_QR_SHOW:
        if (event_text(op, "qr_text", text, sizeof text) || event_text(op, "payload", text, sizeof text))
            printf("%s\n", text);
        if (event_text(op, "caption", text, sizeof text))
            printf("%s\n", text);
        if (pr_event_int(op, "expires_in", &n) == PR_OK && n > 0)
            printf(t("Код действует %d с. Esc - отмена.\n", "The code is valid for %d s. Esc cancels.\n"), (int)n);
        print_slip(op, 1); /* the same for the tape */
        break;
    case PR_EV_QR_HIDE:
        printf("%s\n", t("QR-код снят.", "The QR code is gone."));
        break;
    case PR_EV_CONFIRM:
    case PR_EV_CHOICE:
    case PR_EV_INPUT:
    case PR_EV_PRINT:
        show_prompt(till, op, event, id);
        break;
    case PR_EV_PROGRESS:
        if (!till->script && pr_event_int(op, "seconds_left", &n) == PR_OK && n > 0) {
            printf("\r%s %d  ", t("осталось", "left"), (int)n);
            fflush(stdout);
        }
        break;
    } /* what is not known is ignored */
}

/* Polls until the outcome. Esc, or the script's moment, asks for a cancel: what comes then is still the truth. */
static int32_t follow(struct till *till, pr_op op) {
    double turn = till->cancel_after == 0 ? 0 : -1; /* when the customer's began; a cancel after 0 seconds does not wait for it */
    int32_t event, id, r;
    int asked = 0;
    esc_watch(!till->script);
    while ((r = pr_poll(op, 100, &event, &id)) == PR_EVENT || r == PR_WAITING) {
        if (r == PR_EVENT)
            show_event(till, op, event, id);
        if (r == PR_EVENT && turn < 0 && (event == PR_EV_QR_SHOW || event == PR_EV_STATUS))
            turn = seconds();
        if (!asked && (esc_pressed() || (till->cancel_after >= 0 && turn >= 0 && seconds() - turn >= till->cancel_after))) {
            asked = 1;
            printf("%s\n", t("Отменяем...", "Cancelling..."));
            if ((r = pr_cancel(op, t("кассир", "cashier"))) < 0)
                complain(till->host, r);
        }
    }
    esc_watch(0);
    till->cancel_after = -1;
    till->answered = till->given = 0;
    if (r < 0)
        complain(till->host, r);
    return r < 0 ? PR_UNKNOWN : pr_outcome(op);
}

/* Writes down what was told, a line of JSON, before anything follows from it: payrack check --till holds it against the journals. */
static void write_down(struct till *till, pr_op op, int32_t outcome) {
    char ref[65], text[1024], who[6 * 1024 + 3] = "\"\"", pos[6 * 64 + 3] = "\"\"", stamp[32];
    int64_t amount = 0, other_tender = 0, reversal = 0;
    time_t now = time(NULL);
    if (!till->heard || outcome == PR_WAITING || !text_of(op, "ref", ref, sizeof ref))
        return;
    if (outcome == PR_OK)
        pr_int(op, "approved_amount", &amount);
    pr_int(op, "other_tender", &other_tender);
    pr_int(op, "reversal", &reversal);
    if (text_of(op, "resolved_by", text, sizeof text))
        json_quoted(text, who, sizeof who);
    json_quoted(till->pos, pos, sizeof pos);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
    if (fprintf(till->heard, "{\"time\":\"%s\",\"pos\":%s,\"ref\":\"%s\",\"outcome\":\"%s\",\"amount\":%lld,\"other_tender\":%d,\"reversal\":%d,"
                "\"resolved_by\":%s}\n", stamp, pos, ref, outcome_word(outcome), (long long)amount, (int)other_tender, (int)reversal, who) < 0
        || !on_disk(till->heard))
        perror("till-log");
}

/* Tells the outcome, prints the slips, then the receipt, and confirms. */
static int32_t conclude(struct till *till, pr_op op, int32_t outcome) {
    char kind[32], text[1024], sum[32];
    int64_t amount = 0;
    if (till->last && till->last != op && till->last != till->social)
        pr_release(till->last);
    till->last = op;
    till->outcome = outcome;
    write_down(till, op, outcome);
    text_of(op, "kind", kind, sizeof kind);
    printf("== %s", outcome_word(outcome));
    if (text_of(op, "text", text, sizeof text))
        printf(": %s", text);
    printf("\n");
    if (outcome != PR_OK && text_of(op, "hint", text, sizeof text))
        printf("   %s\n", text);
    int money = strncmp(kind, "pay.", 4) == 0 || strcmp(kind, "refund") == 0 || strcmp(kind, "payout") == 0;
    print_slips(op, money && (outcome == PR_OK || outcome == PR_CANCELLED) ? 0 : 1);
    if (outcome != PR_OK)
        return outcome;
    pr_int(op, "approved_amount", &amount);
    if (strncmp(kind, "pay.", 4) == 0) {
        till->approved += amount;
        text_of(op, "ref", till->paid, sizeof till->paid);
        if (!strcmp(kind, "pay.basket"))
            return outcome; /* the receipt stays open until its rest is paid */
    } else if (strcmp(kind, "refund") == 0)
        till->refunded += amount;
    else if (strcmp(kind, "payout") == 0) {
        till->paid_out += till->told_payout ? 0 : amount;
        printf("%s\n", t("Чек печатается только безналичный.", "Only a cashless receipt may be printed."));
    } else
        return outcome;
    roubles(amount, sum, sizeof sum);
    printf("[%s %s]\n", t("ЧЕК", "RECEIPT"), sum); /* the fiscal receipt; were it not printed: pr_reverse */
    int64_t can = 0;
    int32_t r = pr_int(op, "can_confirm", &can);
    if (r == PR_OK && can && (r = pr_confirm(op)) < 0)
        complain(till->host, r);
    if (till->social)
        close_receipt(till);
    return outcome;
}

/* Starts and follows. */
int32_t operate_with(struct till *till, const char *kind, int64_t amount, const char *more) {
    static char params[sizeof till->items + CODE * 6 + 256];
    char ref[65];
    long receipt;
    pr_op op;
    if (!new_ref(till, ref, sizeof ref, &receipt))
        return till->outcome = PR_E_STATE;
    snprintf(params, sizeof params, "{\"receipt\":\"%ld\"%s%s}", receipt, *more ? "," : "", more);
    int32_t r = pr_start(till->host, strcmp(kind, "refund") ? till->module : "", kind, amount, ref, params, &op);
    if (r < 0) { /* nothing was begun */
        complain(till->host, r);
        return till->outcome = r;
    }
    return conclude(till, op, follow(till, op));
}

/* The same with one more parameter; NULL or "" leaves it out. */
static int32_t operate(struct till *till, const char *kind, int64_t amount, const char *key, const char *value) {
    char more[CODE * 6 + 128], quoted[CODE * 6 + 3];
    if (!value || !*value)
        return operate_with(till, kind, amount, "");
    if (!json_quoted(value, quoted, sizeof quoted)) {
        complain(till->host, PR_E_ARGUMENT);
        return till->outcome = PR_E_ARGUMENT;
    }
    snprintf(more, sizeof more, "\"%s\":%s", key, quoted);
    return operate_with(till, kind, amount, more);
}

/* Pays a loan out to a card. params are the payout's own, a JSON object: document, and what the till knows of contract, tenders and client. */
int32_t pay_out(struct till *till, int64_t amount, const char *params) {
    long receipt;
    pr_op op;
    if (params && *params == '{') {
        if (!new_ref(till, till->payout_ref, sizeof till->payout_ref, &receipt))
            return till->outcome = PR_E_STATE;
        snprintf(till->payout_params, sizeof till->payout_params, "%s", params);
        till->payout_sum = amount;
        till->told_payout = 0;
    } /* else the same ref with the same parameters: the same payout, however often it is asked for */
    int32_t r = pr_start(till->host, till->module, "payout", till->payout_sum, till->payout_ref, till->payout_params, &op);
    if (r < 0) {
        complain(till->host, r);
        return till->outcome = r;
    }
    r = conclude(till, op, follow(till, op));
    till->told_payout = till->told_payout || r == PR_OK;
    return r;
}

int32_t sell(struct till *till, int64_t amount, const char *system) {
    return operate(till, "pay.online", amount, "system", system);
}

int32_t sell_by_code(struct till *till, int64_t amount, const char *code) {
    return operate(till, "pay.offline", amount, "code", code);
}

int32_t verify_link(struct till *till, const char *code) {
    return operate(till, "verify_link", 0, "code", code);
}

int32_t refund(struct till *till, int64_t amount, const char *original) {
    return operate(till, "refund", amount, "original_ref", original && *original ? original : till->paid);
}

int32_t wait_on(struct till *till) {
    if (!till->last || till->outcome != PR_UNKNOWN)
        return till->outcome;
    return conclude(till, till->last, follow(till, till->last));
}

int32_t reverse_last(struct till *till) {
    int64_t amount = 0;
    int32_t r = pr_reverse(till->last, t("чек не напечатан", "no receipt was printed"));
    if (r < 0) {
        complain(till->host, r);
        return r;
    }
    if (pr_int(till->last, "approved_amount", &amount) == PR_OK)
        till->refunded += amount;
    return r;
}

static int32_t finish_classic(struct till *till, pr_op op, int32_t r) {
    if (r >= 0)
        return conclude(till, op, r);
    complain(till->host, r);
    return till->outcome = r;
}

int32_t close_day(struct till *till, int detailed) {
    pr_op op;
    int32_t r = pr_close_day(till->host, till->module, detailed, &op);
    return finish_classic(till, op, r);
}

int32_t report(struct till *till, const char *query) {
    pr_op op;
    int32_t r = pr_report(till->host, till->module, query, &op);
    return finish_classic(till, op, r);
}

/* What an earlier run left: each is waited for, then confirmed or reversed by whoever is there. Where nobody says which, it stays. */
void pending(struct till *till) {
    int32_t n = pr_pending_count(till->host);
    for (int32_t i = 0; i < n; i++) {
        char ref[65], reply[16] = "";
        pr_op op;
        if (pr_pending_ref(till->host, i, ref, sizeof ref) <= 1 || pr_attach(till->host, ref, &op) != PR_OK)
            continue;
        printf("%s %s: %s\n", t("Не завершена", "Pending"), ref, outcome_word(pr_outcome(op)));
        if (pr_outcome(op) == PR_WAITING || pr_outcome(op) == PR_UNKNOWN) {
            follow(till, op);
            printf("  %s\n", outcome_word(pr_outcome(op)));
        }
        write_down(till, op, pr_outcome(op));
        if (pr_outcome(op) == PR_OK) {
            int32_t r = PR_OK;
            answer(till, t("  чек напечатан? 1 - да, 0 - вернуть деньги, пусто - решить позже",
                           "  receipt printed? 1 yes, 0 give the money back, empty: decide later"), "", reply, sizeof reply);
            if (!strcmp(reply, "1"))
                r = pr_confirm(op);
            else if (!strcmp(reply, "0"))
                r = pr_reverse(op, t("чек не напечатан", "no receipt was printed"));
            else
                printf("  %s\n", t("осталась незавершенной", "left pending"));
            if (r < 0)
                complain(till->host, r);
        }
        pr_release(op);
    }
}
