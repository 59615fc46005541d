/* check.h - what the C tests share: a check that says where it failed, and goes on. */
#ifndef CHECK_H
#define CHECK_H
#include <stdio.h>
#include <string.h>

static int failed;

#define CHECK(what) ((what) ? (void)0 : (void)(failed++, printf("%s:%d: %s\n", __FILE__, __LINE__, #what)))
#define CHECK_CODE(call, want) \
    do { \
        int32_t got_ = (call); \
        if (got_ != (want)) { \
            failed++; \
            printf("%s:%d: %s is %d, want %d\n", __FILE__, __LINE__, #call, (int)got_, (int)(want)); \
        } \
    } while (0)

#endif
