/* system_windows.c - what Windows does in its own way: texts in UTF-16, keys, files that are on disk, and other programs. */
#include <windows.h>

#include <conio.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <shellapi.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "till.h"

static wchar_t *wide(const char *text) {
    int n = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    wchar_t *out = calloc((size_t)n + 1, sizeof *out);
    if (out)
        MultiByteToWideChar(CP_UTF8, 0, text, -1, out, n);
    return out;
}

static char *narrow(const wchar_t *text) {
    int n = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *out = calloc((size_t)n + 1, 1);
    if (out)
        WideCharToMultiByte(CP_UTF8, 0, text, -1, out, n, NULL, NULL);
    return out;
}

void system_open(int *argc, char ***argv) {
    int n = 0;
    wchar_t **words = CommandLineToArgvW(GetCommandLineW(), &n);
    char **list = words ? calloc((size_t)n + 1, sizeof *list) : NULL;
    SetConsoleOutputCP(CP_UTF8);
    SetConsoleCP(CP_UTF8);
    _setmode(_fileno(stdout), _O_BINARY);
    setvbuf(stdout, NULL, _IONBF, 0);
    if (!list)
        return;
    for (int i = 0; i < n; i++)
        list[i] = narrow(words[i]);
    LocalFree(words);
    *argc = n;
    *argv = list;
}

static int watching;

int esc_watch(int on) {
    int was = watching;
    watching = on && _isatty(_fileno(stdin));
    return was;
}

int esc_pressed(void) {
    int escaped = 0;
    while (watching && _kbhit())
        escaped |= _getch() == 27;
    return escaped;
}

double seconds(void) { return (double)GetTickCount64() / 1000; }

unsigned process_id(void) { return GetCurrentProcessId(); }

FILE *open_file(const char *name, const char *mode) {
    wchar_t *path = wide(name), *how = wide(mode);
    FILE *file = path && how ? _wfopen(path, how) : NULL;
    free(path);
    free(how);
    return file;
}

int append_line(const char *file, const char *line, long *number) {
    char text[256], part[4096];
    wchar_t *path = wide(file);
    int n = snprintf(text, sizeof text, "%s\r\n", line), got;
    int fd = path ? _wopen(path, _O_RDWR | _O_CREAT | _O_APPEND | _O_BINARY, _S_IREAD | _S_IWRITE) : -1;
    int ok = fd >= 0 && n < (int)sizeof text && _write(fd, text, (unsigned)n) == n && _commit(fd) == 0;
    free(path);
    *number = 0;
    if (ok && _lseek(fd, 0, SEEK_SET) == 0)
        while ((got = _read(fd, part, sizeof part)) > 0)
            while (got > 0)
                *number += part[--got] == '\n';
    if (fd >= 0)
        _close(fd);
    return ok && *number > 0;
}

int on_disk(FILE *file) { return fflush(file) == 0 && _commit(_fileno(file)) == 0; }

/* A word of a command line, so that the program that is started reads it as it is here. */
static void quote(char *line, size_t cap, const char *word) {
    size_t n = strlen(line);
    if (n + 4 >= cap)
        return;
    if (n)
        line[n++] = ' ';
    line[n++] = '"';
    for (size_t slashes = 0; n + 4 + slashes < cap; word++) {
        if (*word == '\\') {
            slashes++;
            line[n++] = '\\';
            continue;
        }
        if (*word == '"' || !*word)
            for (; slashes && n + 4 < cap; slashes--)
                line[n++] = '\\';
        if (!*word)
            break;
        if (*word == '"')
            line[n++] = '\\';
        line[n++] = *word;
        slashes = 0;
    }
    line[n++] = '"';
    line[n] = 0;
}

int program_start(char **argv, char *out, size_t cap, program *running) {
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    STARTUPINFOW start = {.cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION made = {0};
    HANDLE ours = NULL, theirs = NULL;
    char line[8192] = "";
    DWORD got;
    size_t n = 0;
    for (char **word = argv; *word; word++)
        quote(line, sizeof line, *word);
    if (out && (!CreatePipe(&ours, &theirs, &inherited, 0) || !SetHandleInformation(ours, HANDLE_FLAG_INHERIT, 0)))
        return 0;
    start.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    start.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    start.hStdOutput = out ? theirs : GetStdHandle(STD_OUTPUT_HANDLE);
    wchar_t *command = wide(line);
    int ok = command && CreateProcessW(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &start, &made);
    free(command);
    if (out) {
        CloseHandle(theirs);
        while (ok && n + 1 < cap && ReadFile(ours, out + n, (DWORD)(cap - n - 1), &got, NULL) && got > 0)
            n += got;
        out[n] = 0;
        CloseHandle(ours);
    }
    if (ok)
        CloseHandle(made.hThread);
    *running = (program)made.hProcess;
    return ok;
}

int program_end(program running, int kill_it) {
    DWORD status = 1;
    HANDLE process = (HANDLE)running;
    if (kill_it)
        TerminateProcess(process, 1);
    WaitForSingleObject(process, INFINITE);
    GetExitCodeProcess(process, &status);
    CloseHandle(process);
    return status == 0;
}

void power_cut(void) { TerminateProcess(GetCurrentProcess(), 137); }
