/* basket.c - a receipt that public funds pay a part of, and another tender the rest. Only the till knows whether the rest was paid: until it confirms
 * or reverses, the social part stays pending, whatever crashes. */
#include <stdlib.h>
#include <string.h>

#include "till.h"

/* Adds goods to the receipt: quantity in thousandths, price in kopecks. */
int add_goods(struct till *till, const char *barcode, int64_t quantity, int64_t price, const char *name) {
    char quoted[1600], code[512];
    int64_t sum = (quantity * price + 500) / 1000;
    size_t n = strlen(till->items);
    if (quantity <= 0 || price < 0 || till->positions >= 999 || !json_quoted(name, quoted, sizeof quoted) || !json_quoted(barcode, code, sizeof code))
        return 0;
    int wrote = snprintf(till->items + n, sizeof till->items - n, "%s{\"position\":%d,\"barcode\":%s,\"name\":%s,\"quantity\":%lld,\"price\":%lld,\"sum\":%lld}",
                         n ? "," : "", till->positions + 1, code, quoted, (long long)quantity, (long long)price, (long long)sum);
    if (wrote < 0 || (size_t)wrote >= sizeof till->items - n) {
        till->items[n] = 0;
        return 0;
    }
    till->positions++;
    till->total += sum;
    return 1;
}

/* The next receipt is another one. */
static void new_receipt(struct till *till) {
    till->items[0] = 0;
    till->positions = 0;
    till->total = 0;
    till->social_sum = 0;
    if (till->social && till->social != till->last)
        pr_release(till->social);
    till->social = 0;
}

/* Has public funds pay what they pay of the receipt. card: what the pin pad says of it, never a number; none: it is asked for. */
int32_t pay_social(struct till *till, const char *card) {
    static char more[sizeof till->items + 4096];
    char quoted[2048] = "";
    if (card && *card && !json_quoted(card, quoted, sizeof quoted))
        return till->outcome = PR_E_ARGUMENT;
    snprintf(more, sizeof more, "\"items\":[%s]%s%s", till->items, *quoted ? ",\"card\":" : "", quoted);
    int32_t r = operate_with(till, "pay.basket", till->total, more);
    if (r != PR_OK) {
        new_receipt(till);
        return r;
    }
    till->social = till->last;
    pr_int(till->social, "approved_amount", &till->social_sum);
    pr_str(till->social, "ref", till->social_ref, sizeof till->social_ref);
    return r;
}

/* The receipt: each position with what was paid of it and its mark. Only then the social part is confirmed. */
void close_receipt(struct till *till) {
    static char items[sizeof till->items * 2];
    char name[512], mark[128], sum[32], rest[32];
    const char *p = items, *end;
    pr_str(till->social, "items", items, sizeof items);
    while ((p = strchr(p, '{'))) {
        const char *from = p;
        if (!(end = strchr(p, '}')) || !json_text(&from, "name", name, sizeof name) || from > end)
            break;
        from = p;
        int social = json_text(&from, "mark", mark, sizeof mark) && from < end;
        printf("  %s%s%s%s\n", name, social ? " [" : "", social ? mark : "", social ? "]" : "");
        p = end;
    }
    roubles(till->social_sum, sum, sizeof sum);
    roubles(till->total - till->social_sum, rest, sizeof rest);
    printf("[%s: %s %s, %s %s]\n", t("ЧЕК", "RECEIPT"), t("из бюджета", "public funds"), sum, t("покупатель", "the customer"), rest);
    int32_t r = pr_confirm(till->social);
    if (r < 0)
        complain(till->host, r);
    new_receipt(till);
}

/* Gives the social part back: the receipt does not come about. */
static void drop_receipt(struct till *till, const char *why) {
    int32_t r = pr_reverse(till->social, why);
    printf("%s\n", t("Чека нет: социальная часть возвращается.", "No receipt: the social part goes back."));
    if (r < 0)
        complain(till->host, r);
    else
        till->refunded += till->social_sum;
    new_receipt(till);
}

/* The rest in the same receipt: by another module, or in cash where module is "cash", which payrack never hears of. What the customer does not pay takes
 * the social part back with it. */
int32_t pay_rest(struct till *till, const char *module, const char *system) {
    const char *own = till->module;
    int64_t left = 0;
    if (!till->social)
        return till->outcome = PR_E_STATE;
    pr_int(till->social, "left_to_pay", &left);
    if (left == 0 || !strcmp(module, "cash")) {
        close_receipt(till);
        return till->outcome = PR_OK;
    }
    till->module = module;
    int32_t r = sell(till, left, system);
    till->module = own;
    if (r != PR_OK && r != PR_UNKNOWN) /* what is not known yet is waited for */
        drop_receipt(till, t("остаток не оплачен", "the rest was not paid"));
    return r;
}

/* The cashier puts the receipt off before its rest is paid. */
int32_t undo_social(struct till *till) {
    if (!till->social)
        return till->outcome = PR_E_STATE;
    drop_receipt(till, t("чек отменён", "the receipt was put off"));
    return PR_OK;
}
