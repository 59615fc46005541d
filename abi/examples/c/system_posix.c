/* system_posix.c - what Linux and macOS do in their own way: keys, files that are on disk, and other programs. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "till.h"

extern char **environ;

void system_open(int *argc, char ***argv) {
    (void)argc, (void)argv;
    setvbuf(stdout, NULL, _IOLBF, 0);
}

static struct termios lines;
static int watching;

static void lines_again(void) {
    if (watching)
        tcsetattr(STDIN_FILENO, TCSANOW, &lines);
    watching = 0;
}

int esc_watch(int on) {
    static int registered;
    struct termios raw;
    int was = watching;
    if (!on) {
        lines_again();
        return was;
    }
    if (watching || !isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &lines) != 0)
        return was;
    if (!registered++)
        atexit(lines_again);
    raw = lines;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    watching = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
    return was;
}

int esc_pressed(void) {
    struct pollfd in = {STDIN_FILENO, POLLIN, 0};
    char keys[32];
    ssize_t n;
    if (!watching || poll(&in, 1, 0) <= 0)
        return 0;
    n = read(STDIN_FILENO, keys, sizeof keys);
    return n == 1 && keys[0] == 27; /* more at once is a key with a longer name */
}

double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

unsigned process_id(void) { return (unsigned)getpid(); }

FILE *open_file(const char *name, const char *mode) { return fopen(name, mode); }

/* The lines of a file up to where it was just written to. */
static long lines_before(int fd) {
    char part[4096];
    off_t at = 0, end = lseek(fd, 0, SEEK_CUR);
    ssize_t got;
    long count = 0;
    while (at < end && (got = pread(fd, part, (size_t)(end - at < (off_t)sizeof part ? end - at : (off_t)sizeof part), at)) > 0)
        for (at += got; got > 0;)
            count += part[--got] == '\n';
    return count;
}

/* The name of a new file is on disk when its folder is. */
static int sync_folder(const char *file) {
    char folder[1024];
    char *slash;
    int fd, ok;
    snprintf(folder, sizeof folder, "%s", file);
    if ((slash = strrchr(folder, '/')))
        slash[slash == folder] = 0;
    else
        strcpy(folder, ".");
    fd = open(folder, O_RDONLY | O_DIRECTORY);
    ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

int append_line(const char *file, const char *line, long *number) {
    char text[256];
    int n = snprintf(text, sizeof text, "%s\n", line), fd = open(file, O_RDWR | O_CREAT | O_APPEND, 0600);
    int ok = fd >= 0 && n < (int)sizeof text && write(fd, text, (size_t)n) == n && fsync(fd) == 0;
    if (ok) {
        *number = lines_before(fd);
        ok = *number > 1 || sync_folder(file);
    }
    if (fd >= 0)
        close(fd);
    return ok;
}

int on_disk(FILE *file) { return fflush(file) == 0 && fsync(fileno(file)) == 0; }

int program_start(char **argv, char *out, size_t cap, program *running) {
    posix_spawn_file_actions_t files;
    int ends[2] = {-1, -1}, ok;
    size_t n = 0;
    ssize_t got;
    pid_t pid;
    if (out && pipe(ends) != 0)
        return 0;
    posix_spawn_file_actions_init(&files);
    if (out) {
        posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
        posix_spawn_file_actions_addclose(&files, ends[0]);
        posix_spawn_file_actions_addclose(&files, ends[1]);
    }
    ok = posix_spawn(&pid, argv[0], &files, NULL, argv, environ) == 0;
    posix_spawn_file_actions_destroy(&files);
    if (out) {
        close(ends[1]);
        while (n + 1 < cap && (got = read(ends[0], out + n, cap - n - 1)) > 0)
            n += (size_t)got;
        out[n] = 0;
        close(ends[0]);
    }
    *running = ok ? pid : 0;
    return ok;
}

int program_end(program running, int kill_it) {
    int status;
    if (kill_it)
        kill((pid_t)running, SIGTERM);
    return waitpid((pid_t)running, &status, 0) == (pid_t)running && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void power_cut(void) { raise(SIGKILL); }
