/* A Windows program whose texts are UTF-16. Arguments: the library, the installation, a customer's code. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#define dllimport /* the functions are looked up, not linked */
#include "payrack.h"

#define FUNCTION(name) ((void *)GetProcAddress(lib, name))

int main(void) {
    int argc;
    LPWSTR *argv = CommandLineToArgvW(GetCommandLineW(), &argc);
    HMODULE lib = argc == 4 ? LoadLibraryW(argv[1]) : NULL;
    static const WCHAR approved[] = {0x041e, 0x0434, 0x043e, 0x0431, 0x0440, 0x0435, 0x043d, 0x043e, 0}; /* "approved" in Russian */
    WCHAR params[256], text[64], broken[] = {L'a', 0xd800, L'b', 0}, cut[5] = {1, 1, 1, 1, 1};
    pr_host host = 0;
    pr_op op = 0, none = 7;
    int32_t event, id;
    if (!lib)
        return 2;
    int32_t(PR_CALL *open_)(int32_t, const WCHAR *, const WCHAR *, uint32_t, pr_host *) = FUNCTION("pr_openW");
    int32_t(PR_CALL *start)(pr_host, const WCHAR *, const WCHAR *, int64_t, const WCHAR *, const WCHAR *, pr_op *) = FUNCTION("pr_startW");
    int32_t(PR_CALL *str)(pr_op, const WCHAR *, WCHAR *, int32_t) = FUNCTION("pr_strW");
    int32_t(PR_CALL *poll)(pr_op, int32_t, int32_t *, int32_t *) = FUNCTION("pr_poll");
    int32_t(PR_CALL *close_)(pr_host) = FUNCTION("pr_close");
    if (!open_ || !start || !str || open_(PR_ABI_VERSION, argv[2], L"4", 0, &host) < 0)
        return 3;
    int refused = start(host, L"sendy", L"pay.offline", 100, broken, L"{}", &none) == PR_E_ENCODING && none == 0;
    swprintf(params, 256, L"{\"code\":\"%ls\"}", argv[3]);
    int32_t begun = start(host, L"sendy", L"pay.offline", 100, L"wide", params, &op);
    for (int32_t r = PR_WAITING; r == PR_WAITING || r == PR_EVENT;)
        r = poll(op, 10000, &event, &id);
    int whole = str(op, L"text", text, 64) == 9 && !memcmp(text, approved, sizeof approved);
    int measured = str(op, L"text", NULL, 0) == 9;
    int part = str(op, L"text", cut, 4) == 9 && !memcmp(cut, approved, 3 * sizeof *cut) && cut[3] == 0 && cut[4] == 1;
    int wrong = str(op, L"no such key", text, 64) == PR_E_ARGUMENT;
    close_(host);
    printf("begun %d whole %d measured %d cut %d refused %d wrong %d\n", (int)begun, whole, measured, part, refused, wrong);
    return 0;
}
