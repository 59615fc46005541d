/* wide_windows.h - texts between UTF-16 and UTF-8, for the twins of utf16_windows.c. */
#ifndef PAYRACK_WIDE_H
#define PAYRACK_WIDE_H
#include <stdint.h>

/* A text as UTF-8, to be given to wide_free; NULL of NULL, of a text that is no UTF-16, and where memory is out. */
char *wide_utf8(const uint16_t *text);

/* Forgets a text: its bytes are cleared first, because it may be a secret. */
void wide_free(char *text);

/* Makes room for need bytes. 0 where memory is out: the room is as it was. */
int wide_room(char **room, int32_t *cap, int32_t need);

/* Gives what was filled to the caller as UTF-16, cut at a whole character, and frees it; the return is that of a function that fills. */
int32_t wide_fill(char *filled, int32_t cap, int32_t need, uint16_t *buf, int32_t room);

#endif
