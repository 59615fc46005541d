/* screen.c - the terminal: two languages, and lines. */
#include <string.h>

#include "till.h"

int english;
const char *t(const char *ru, const char *en) { return english ? en : ru; }

int ask(const char *what, char *buf, size_t cap) {
    int was = esc_watch(0), ok;
    printf("%s: ", what);
    fflush(stdout);
    ok = fgets(buf, (int)cap, stdin) != NULL;
    if (ok)
        buf[strcspn(buf, "\r\n")] = 0;
    else
        buf[0] = 0;
    esc_watch(was);
    return ok;
}

int json_text(const char **from, const char *key, char *buf, size_t cap) {
    char name[64];
    size_t n = 0;
    const char *p;
    snprintf(name, sizeof name, "\"%s\":\"", key);
    if (!(p = strstr(*from, name)))
        return 0;
    for (p += strlen(name); *p && *p != '"'; p++) {
        if (*p == '\\' && p[1])
            p++;
        if (n + 1 < cap)
            buf[n++] = *p;
    }
    buf[n] = 0;
    *from = p;
    return 1;
}

int json_quoted(const char *text, char *buf, size_t cap) {
    size_t n = 0;
    if (cap < 3)
        return 0;
    buf[n++] = '"';
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (n + 8 > cap)
            return 0;
        if (c < 0x20)
            n += (size_t)sprintf(buf + n, "\\u%04x", c);
        else {
            if (c == '"' || c == '\\')
                buf[n++] = '\\';
            buf[n++] = *text;
        }
    }
    buf[n++] = '"';
    buf[n] = 0;
    return 1;
}

void roubles(int64_t sum, char *buf, size_t cap) {
    long long whole = (long long)(sum / 100), rest = (long long)(sum % 100);
    snprintf(buf, cap, t("%lld,%02lld ₽", "₽%lld.%02lld"), whole, rest);
}

int64_t kopecks(const char *text) {
    int64_t sum = 0;
    int digits = 0, decimals = -1;
    for (; *text; text++) {
        if ((*text == '.' || *text == ',') && decimals < 0)
            decimals = 0;
        else if (*text >= '0' && *text <= '9' && decimals < 2 && ++digits < 15) {
            sum = sum * 10 + (*text - '0');
            decimals += decimals >= 0;
        } else
            return -1;
    }
    if (!digits)
        return -1;
    return decimals == 2 ? sum : decimals == 1 ? sum * 10 : sum * 100;
}
