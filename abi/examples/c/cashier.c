/* cashier.c - a cashier program by hand, or by a script: see usage(). It uses payrack.h and nothing else of payrack. */
#include <stdlib.h>
#include <string.h>

#define PAYRACK_LOAD_HERE
#include "till.h"

static int usage(const char *name) {
    printf("usage: %s [--home DIR] [--pos ID] [--module ID] [--lang ru|en] [--refs FILE] [--till-log FILE] [--totals FILE] [--script FILE [--sandbox PROGRAM]]\n"
           "commands of a script, one a line, sums in kopecks:\n"
           "  activate TERMINAL SERIAL CODE [force]   online SUM [SYSTEM]   offline SUM CODE|$code   refund SUM [REF]   reverse   wait\n"
           "  cancel-after SECONDS   answer VALUE|$code   expect approved|declined|cancelled|unknown|refused   pending\n"
           "  verify [CODE|$code]   report [JSON]   close [detailed]   set KEY VALUE   log   say TEXT\n"
           "  payout SUM {\"document\":...}   again (the same payout once more)   module ID\n"
           "  goods BARCODE THOUSANDTHS PRICE NAME (into the receipt)   social [CARD] (what public funds pay of it)   rest MODULE|cash [SYSTEM]   undo-social\n"
           "  return-social SUM   die (as if the power went)\n"
           "  sandbox ARGS   sandbox& ARGS (in the background)   scan ARGS (its output becomes $code)\n", name);
    return 2;
}

/* The customers who act in the background, by their line of the script. */
static struct { program running; char what[128]; } customers[64];
static int acting;

/* Takes leave of them, without waiting for what a failed script will not bring any more. 0 if one of them failed. */
static int customers_left(int failed) {
    int fine = 1;
    for (int i = 0; i < acting; i++)
        if (!program_end(customers[i].running, failed) && !failed) {
            printf("sandbox& %s: failed\n", customers[i].what);
            fine = 0;
        }
    acting = 0;
    return fine;
}

/* Runs the sandbox's command line: the customer and the provider of a rehearsal. */
static int customer(struct till *till, char *args, int background, char *out, size_t cap) {
    char *argv[32];
    int argc = 0;
    program running;
    char what[128];
    snprintf(what, sizeof what, "%s", args);
    if (!till->sandbox || (background && acting == 64)) {
        printf("sandbox %s: %s\n", what, till->sandbox ? "failed" : "no --sandbox was given");
        return 0;
    }
    argv[argc++] = (char *)till->sandbox;
    for (char *word = strtok(args, " "); word && argc < 31; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    fflush(stdout);
    int ok = program_start(argv, out, cap, &running);
    if (ok && out)
        out[strcspn(out, "\r\n")] = 0;
    if (ok && background) {
        customers[acting].running = running;
        memcpy(customers[acting++].what, what, sizeof what);
    } else if (ok)
        ok = program_end(running, 0);
    if (!ok)
        printf("sandbox %s: failed\n", what);
    return ok;
}

static int32_t activate(struct till *till, const char *terminal, const char *serial, const char *code, int force) {
    int32_t active = 0, left = -1, r = pr_activate(till->host, till->module, terminal, serial, code, force);
    if (r < 0)
        complain(till->host, r);
    if (pr_activation(till->host, till->module, &active, &left) == PR_OK)
        printf("%s: %s", t("Терминал", "Terminal"), active ? t("активирован", "active") : t("не активирован", "not active"));
    if (!active && left >= 0)
        printf(", %s %d", t("осталось попыток", "attempts left"), (int)left);
    printf("\n");
    return till->outcome = r;
}

/* One line of a script. 0 ends the script as failed. */
static int command(struct till *till, char *line) {
    static char code[4096];
    char *rest = line + strcspn(line, " "), a[4096] = "", b[256] = "", c[256] = "", d[16] = "", text[1024];
    if (*rest)
        *rest++ = 0;
    sscanf(rest, "%4095s %255s %255s %15s", a, b, c, d);
    int64_t sum = strtoll(a, NULL, 10);
    if (!strcmp(line, "say"))
        printf("\n=== %s\n", rest);
    else if (!strcmp(line, "activate"))
        activate(till, a, b, c, !strcmp(d, "force"));
    else if (!strcmp(line, "online"))
        sell(till, sum, b);
    else if (!strcmp(line, "offline"))
        sell_by_code(till, sum, strcmp(b, "$code") ? b : code);
    else if (!strcmp(line, "verify"))
        verify_link(till, strcmp(a, "$code") ? a : code);
    else if (!strcmp(line, "refund"))
        refund(till, sum, b);
    else if (!strcmp(line, "payout"))
        pay_out(till, sum, rest + strcspn(rest, "{"));
    else if (!strcmp(line, "again"))
        pay_out(till, 0, NULL);
    else if (!strcmp(line, "goods")) {
        int at = 0;
        if (sscanf(rest, "%*s %*s %*s %n", &at) < 0 || !at || !add_goods(till, a, strtoll(b, NULL, 10), strtoll(c, NULL, 10), rest + at)) {
            printf("goods %s: failed\n", rest);
            return 0;
        }
    } else if (!strcmp(line, "social"))
        pay_social(till, a);
    else if (!strcmp(line, "rest"))
        pay_rest(till, a, b);
    else if (!strcmp(line, "undo-social"))
        undo_social(till);
    else if (!strcmp(line, "return-social"))
        refund(till, sum, till->social_ref);
    else if (!strcmp(line, "die"))
        power_cut();
    else if (!strcmp(line, "module")) {
        static char module[64];
        snprintf(module, sizeof module, "%.63s", a);
        till->module = module;
    } else if (!strcmp(line, "reverse"))
        reverse_last(till);
    else if (!strcmp(line, "wait"))
        wait_on(till);
    else if (!strcmp(line, "pending"))
        pending(till);
    else if (!strcmp(line, "report"))
        report(till, rest);
    else if (!strcmp(line, "close"))
        close_day(till, !strcmp(a, "detailed"));
    else if (!strcmp(line, "cancel-after"))
        till->cancel_after = strtod(a, NULL);
    else if (!strcmp(line, "answer") && till->given < 8)
        snprintf(till->answers[till->given++], sizeof till->answers[0], "%.255s", strcmp(rest, "$code") ? rest : code);
    else if (!strcmp(line, "set")) {
        int32_t r = pr_set_setting(till->host, till->module, a, rest + strcspn(rest, " ") + (b[0] != 0));
        if (r < 0)
            complain(till->host, r);
        return r >= 0;
    } else if (!strcmp(line, "log")) {
        if (pr_str(till->last, "log", text, sizeof text) > 1)
            printf("%s: %s\n", t("Журнал", "Log"), text);
    } else if (!strcmp(line, "expect")) {
        if (strcmp(a, outcome_word(till->outcome))) {
            printf("expected %s, got %s\n", a, outcome_word(till->outcome));
            return 0;
        }
    } else if (!strcmp(line, "sandbox") || !strcmp(line, "sandbox&"))
        return customer(till, rest, line[7] == '&', NULL, 0);
    else if (!strcmp(line, "scan"))
        return customer(till, rest, 0, code, sizeof code);
    else {
        printf("unknown command %s\n", line);
        return 0;
    }
    return 1;
}

static int by_script(struct till *till) {
    char line[8192];
    for (int number = 1; fgets(line, sizeof line, till->script); number++) {
        line[strcspn(line, "\r\n")] = 0;
        if (line[0] == 0 || line[0] == '#')
            continue;
        if (!command(till, line)) {
            printf("script, line %d: failed\n", number);
            return 1;
        }
    }
    return 0;
}

static int64_t ask_sum(void) {
    char text[32];
    ask(t("сумма, руб.", "sum in roubles"), text, sizeof text);
    return kopecks(text);
}

static int by_hand(struct till *till) {
    char choice[16], a[256], b[256], c[256];
    for (;;) {
        printf("\n%s\n", t("1 продажа по QR   2 продажа по коду покупателя   3 возврат   4 отчет   5 закрыть день\n"
                           "6 незавершенные   7 дождаться результата   8 активация   9 проверить ссылку СБП   p выплата на карту   s чек с социальной картой   0 выход",
                           "1 sell by QR   2 sell by the customer's code   3 refund   4 report   5 close the day\n"
                           "6 pending   7 wait for the outcome   8 activate   9 check the SBP link   p pay to a card   s a receipt with a social card   0 leave"));
        if (!ask(t("выбор", "choice"), choice, sizeof choice) || choice[0] == '0')
            return 0;
        switch (choice[0]) {
        case '1': sell(till, ask_sum(), NULL); break;
        case '2': {
            int64_t sum = ask_sum();
            ask(t("код с экрана покупателя", "code from the customer's screen"), a, sizeof a);
            sell_by_code(till, sum, a);
            break;
        }
        case '3':
            ask(t("номер операции (пусто - последняя)", "ref (empty: the last)"), a, 65);
            refund(till, ask_sum(), a);
            break;
        case '4': report(till, ""); break;
        case '5': close_day(till, 1); break;
        case '6': pending(till); break;
        case '7': wait_on(till); break;
        case 'p': {
            char document[256], quoted[1600], params[2048];
            int64_t sum = ask_sum();
            ask(t("документ (залоговый билет)", "document (pawn ticket)"), document, sizeof document);
            if (json_quoted(document, quoted, sizeof quoted)) {
                snprintf(params, sizeof params, "{\"document\":%s}", quoted);
                pay_out(till, sum, params);
            }
            break;
        }
        case 's':
            while (ask(t("название товара, пусто - все", "name of the goods, empty: that is all"), a, sizeof a) && *a) {
                ask(t("штрихкод", "barcode"), b, sizeof b);
                if (!add_goods(till, b, 1000, ask_sum(), a))
                    complain(till->host, PR_E_ARGUMENT);
            }
            if (pay_social(till, NULL) == PR_OK) {
                ask(t("остаток: модуль (sbp, sendy), пусто - наличные, 0 - отменить чек", "the rest: module (sbp, sendy), empty: cash, 0: put the receipt off"), a, sizeof a);
                if (*a == '0')
                    undo_social(till);
                else
                    pay_rest(till, *a ? a : "cash", NULL);
            }
            break;
        case '9': verify_link(till, NULL); break;
        case '8':
            ask(t("терминал", "terminal"), a, sizeof a);
            ask(t("серийный номер", "serial number"), b, sizeof b);
            ask(t("код активации", "activation code"), c, sizeof c);
            if (activate(till, a, b, c, 0) == PR_E_ACTIVATION && ask(t("повторить принудительно? 1 - да", "force? 1 yes"), choice, sizeof choice) && choice[0] == '1')
                activate(till, a, b, c, 1);
            break;
        }
    }
}

#ifdef PAYRACK_LOAD
/* The library, which lies in the installation. */
static int load(const char *home) {
    char file[1024];
    const char *missing;
    snprintf(file, sizeof file, "%s/%s", home ? home : ".", PAYRACK_LOAD);
    if ((missing = payrack_load(file)))
        printf("%s: %s\n", t("нет библиотеки или функции", "no such library or function"), missing);
    return !missing;
}
#endif

int main(int argc, char **argv) {
    struct till till = {.module = "sendy", .pos = "1", .cancel_after = -1, .outcome = PR_WAITING};
    const char *home = NULL, *totals = NULL, *lang = getenv("LANG"), *script = NULL, *refs = NULL, *heard = NULL;
    english = lang && !strncmp(lang, "en", 2);
    system_open(&argc, &argv);
    for (int i = 1; i < argc; i += 2) {
        const char **to = !strcmp(argv[i], "--home") ? &home : !strcmp(argv[i], "--pos") ? &till.pos : !strcmp(argv[i], "--module") ? &till.module
            : !strcmp(argv[i], "--script") ? &script : !strcmp(argv[i], "--totals") ? &totals : !strcmp(argv[i], "--sandbox") ? &till.sandbox
            : !strcmp(argv[i], "--refs") ? &refs : !strcmp(argv[i], "--till-log") ? &heard : !strcmp(argv[i], "--lang") ? &lang : NULL;
        if (!to || i + 1 >= argc)
            return usage(argv[0]);
        *to = argv[i + 1];
        english = lang && !strncmp(lang, "en", 2);
    }
    if (script && !(till.script = open_file(script, "r"))) {
        perror(script);
        return 2;
    }
    if (heard && !(till.heard = open_file(heard, "a"))) {
        perror(heard);
        return 2;
    }
    snprintf(till.refs, sizeof till.refs, refs ? "%s" : "%s/cashier.refs", refs ? refs : home ? home : ".");
#ifdef PAYRACK_LOAD
    if (!load(home))
        return 1;
#endif
    int32_t r = pr_open(PR_ABI_VERSION, home, till.pos, PR_F_CONFIRM, &till.host);
    if (r < 0) {
        complain(0, r);
        return 1;
    }
    pr_set_option(till.host, "language", t("ru", "en"));
    if (r == PR_PENDING)
        pending(&till);
    int failed = till.script ? by_script(&till) : by_hand(&till);
    if (!customers_left(failed))
        failed = 1;
    pr_close(till.host);
    char line[256];
    snprintf(line, sizeof line, "{\"approved\":%lld,\"refunded\":%lld,\"net\":%lld}\n", (long long)till.approved, (long long)till.refunded,
             (long long)(till.approved - till.refunded));
    if (till.paid_out)
        snprintf(line + strlen(line) - 2, sizeof line - strlen(line), ",\"paid_out\":%lld}\n", (long long)till.paid_out);
    FILE *out = totals ? open_file(totals, "w") : NULL;
    if (totals && (!out || fputs(line, out) < 0 || fclose(out) != 0)) {
        perror(totals);
        failed = 1;
    }
    printf("TOTALS %s", line);
    return failed;
}
