/* Says what Explorer shows of programs: for each file of the command line a line with its path and its icons, and then the page Details in
 * English and in Russian: Windows takes that of the user's language. */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

static const WCHAR *const keys[] = {L"CompanyName", L"ProductName", L"FileDescription", L"FileVersion", L"ProductVersion", L"OriginalFilename"};

static void say(const WCHAR *text) {
    char utf8[1024];
    printf("|%s", WideCharToMultiByte(CP_UTF8, 0, text, -1, utf8, sizeof utf8, NULL, NULL) ? utf8 : "?");
}

static int details(HMODULE program, WORD language) {
    HRSRC found = FindResourceExW(program, (LPCWSTR)RT_VERSION, MAKEINTRESOURCEW(1), language);
    DWORD size = found ? SizeofResource(program, found) : 0;
    BYTE *info = calloc(size + 1, 2); /* the same room again: Windows may write behind it */
    VS_FIXEDFILEINFO *fixed;
    WORD *translation;
    UINT n;
    if (!size)
        return 1;
    memcpy(info, LockResource(LoadResource(program, found)), size);
    if (!VerQueryValueW(info, L"\\", (void **)&fixed, &n) || !VerQueryValueW(info, L"\\VarFileInfo\\Translation", (void **)&translation, &n))
        return 1;
    printf("%04x|%d.%d.%d.%d", language, HIWORD(fixed->dwFileVersionMS), LOWORD(fixed->dwFileVersionMS), HIWORD(fixed->dwFileVersionLS),
           LOWORD(fixed->dwFileVersionLS));
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        WCHAR where[128], *value;
        swprintf(where, 128, L"\\StringFileInfo\\%04x%04x\\%ls", translation[0], translation[1], keys[k]);
        say(VerQueryValueW(info, where, (void **)&value, &n) ? value : L"?");
    }
    printf("\n");
    free(info);
    return 0;
}

int wmain(int argc, WCHAR **argv) {
    for (int i = 1; i < argc; i++) {
        HMODULE program = LoadLibraryExW(argv[i], NULL, LOAD_LIBRARY_AS_DATAFILE);
        say(argv[i]);
        printf("|%u\n", ExtractIconExW(argv[i], -1, NULL, NULL, 0));
        if (!program || details(program, 0x0409) || details(program, 0x0419))
            return 1;
    }
    return 0;
}
