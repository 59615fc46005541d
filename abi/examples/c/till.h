/* till.h - the parts of the example: a screen, and a till that sells through payrack.h. */
#ifndef TILL_H
#define TILL_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef PAYRACK_LOAD /* the library is loaded when the program runs, and not linked to it */
#include "payrack_load.h"
#else
#include "payrack.h"
#endif

/* ---- system_posix.c, system_windows.c: what each system does in its own way ---- */

void system_open(int *argc, char ***argv);            /* the terminal and the arguments are UTF-8 from here on; lines are seen as they come */
int esc_watch(int on);                                /* whether single keys are read, so that Esc is seen; gives what was before */
int esc_pressed(void);                                /* since the last look */
double seconds(void);                                 /* of a clock that nobody sets */
unsigned process_id(void);
FILE *open_file(const char *name, const char *mode);  /* fopen with a name in UTF-8 */
int append_line(const char *file, const char *line, long *number); /* on disk when it gives 1; number: of the line in the file */
int on_disk(FILE *file);                              /* what was written to it is, when this gives 1 */
typedef intptr_t program;
int program_start(char **argv, char *out, size_t cap, program *running); /* out, where it is not NULL, gets what the program says to its end */
int program_end(program running, int kill);           /* waits for its end; 0 if it failed */
void power_cut(void);                                 /* this program is gone at once */

/* ---- screen.c: the terminal ---- */

extern int english;                               /* else Russian */
const char *t(const char *ru, const char *en);    /* the text in the chosen language */
int ask(const char *what, char *buf, size_t cap); /* reads a line; 0 at the end of input */
int json_text(const char **from, const char *key, char *buf, size_t cap); /* the next "key":"text", and moves behind it */
int json_quoted(const char *text, char *buf, size_t cap); /* the text as a JSON string; 0 where it does not fit */
void roubles(int64_t kopecks, char *buf, size_t cap);     /* with the currency's sign, as the language writes it */
int64_t kopecks(const char *roubles);             /* -1 of what is no amount */

/* ---- sale.c: operations ---- */

struct till {
    pr_host host;
    const char *module, *pos, *sandbox;
    char refs[1024];     /* the file in which each ref is written down before its call */
    FILE *script;        /* NULL: a person is there */
    FILE *heard;         /* NULL, or where each outcome that was told is written down */
    char answers[8][256];
    int answered, given; /* of answers */
    double cancel_after; /* seconds into the customer's turn, below 0: never */
    pr_op last;
    int32_t outcome;     /* of last */
    char paid[65];       /* ref of the last approved payment */
    int64_t approved, refunded, paid_out;
    char payout_ref[65], payout_params[4096]; /* of the last payout */
    int64_t payout_sum;
    int told_payout;     /* it was approved and counted */
    char items[32768];   /* of the receipt, as JSON without brackets */
    int positions;
    int64_t total;
    pr_op social;        /* the part that public funds pay, until the receipt is closed; 0: none */
    int64_t social_sum;
    char social_ref[65]; /* of the last receipt */
};

int32_t sell(struct till *till, int64_t amount, const char *system); /* by the till's QR; no system: the cashier is asked where there is a choice */
int32_t sell_by_code(struct till *till, int64_t amount, const char *code);
int32_t verify_link(struct till *till, const char *code); /* is the printed code the till's own? no code: it is asked for */
int32_t refund(struct till *till, int64_t amount, const char *original);
int32_t pay_out(struct till *till, int64_t amount, const char *params); /* to a client's card; no params: the last one once more */
int32_t operate_with(struct till *till, const char *kind, int64_t amount, const char *more); /* more: what the params have besides the receipt */
int32_t wait_on(struct till *till); /* for the truth about an operation that was unknown */
int32_t reverse_last(struct till *till);
int32_t close_day(struct till *till, int detailed);
int32_t report(struct till *till, const char *query);
void pending(struct till *till);
void complain(pr_host host, int32_t code);
const char *outcome_word(int32_t outcome);

/* ---- basket.c: a receipt that public funds pay a part of ---- */

int add_goods(struct till *till, const char *barcode, int64_t quantity, int64_t price, const char *name); /* 0: they do not fit */
int32_t pay_social(struct till *till, const char *card);
int32_t pay_rest(struct till *till, const char *module, const char *system);
int32_t undo_social(struct till *till);
void close_receipt(struct till *till);

#endif
