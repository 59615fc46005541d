/* Texts between UTF-16 and UTF-8. */
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define dllimport dllexport
#include "payrack.h"
#undef dllimport
#include "wide_windows.h"

char *wide_utf8(const uint16_t *text) {
    int n;
    char *out;
    if (!text || (n = WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, (LPCWCH)text, -1, NULL, 0, NULL, NULL)) <= 0 || !(out = malloc((size_t)n)))
        return NULL;
    WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, (LPCWCH)text, -1, out, n, NULL, NULL);
    return out;
}

void wide_free(char *text) {
    if (text)
        SecureZeroMemory(text, strlen(text));
    free(text);
}

int wide_room(char **room, int32_t *cap, int32_t need) {
    char *more = realloc(*room, (size_t)need);
    if (!more)
        return 0;
    *room = more;
    *cap = need;
    return 1;
}

int32_t wide_fill(char *filled, int32_t cap, int32_t need, uint16_t *buf, int32_t room) {
    int32_t all = need;
    if (need > 0 && need > cap)
        all = PR_E_INTERNAL; /* memory is out */
    else if (need > 0) {
        all = MultiByteToWideChar(CP_UTF8, 0, filled, need, NULL, 0);
        LPWSTR wide = malloc((size_t)all * sizeof *wide);
        if (!wide)
            all = PR_E_INTERNAL;
        else if (buf && room > 0) {
            int32_t n = room < all ? room - 1 : all - 1;
            MultiByteToWideChar(CP_UTF8, 0, filled, need, wide, all);
            if (n > 0 && IS_HIGH_SURROGATE(wide[n - 1]))
                n--;
            memcpy(buf, wide, (size_t)n * sizeof *buf);
            buf[n] = 0;
        }
        free(wide);
    }
    free(filled);
    return all;
}
