/* A Windows program that starts itself in a job which is ended with all that is in it, as some launchers do. Arguments: the library, the
 * installation. The one in the job opens payrack and waits for its end. */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#define PAYRACK_LOAD_HERE
#include "payrack_load.h"

static int inside(char **argv) {
    BOOL in = FALSE;
    pr_host host = 0;
    if (payrack_load(argv[1]) || !IsProcessInJob(GetCurrentProcess(), NULL, &in))
        return 2;
    int32_t code = pr_open(PR_ABI_VERSION, argv[2], "4", 0, &host);
    printf("in job %d open %d\n", in, (int)code);
    fflush(stdout);
    SetEvent((HANDLE)(intptr_t)strtoll(argv[3], NULL, 10));
    Sleep(60000);
    return 3;
}

int main(int argc, char **argv) {
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_BREAKAWAY_OK};
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    STARTUPINFOA start = {.cb = sizeof start};
    PROCESS_INFORMATION made = {0};
    HANDLE job = CreateJobObjectW(NULL, NULL), opened = CreateEventW(&inherited, TRUE, FALSE, NULL);
    char line[4096];
    DWORD code = 0;
    if (argc == 4)
        return inside(argv);
    snprintf(line, sizeof line, "\"%s\" \"%s\" \"%s\" %lld", argv[0], argv[1], argv[2], (long long)(intptr_t)opened);
    if (argc != 3 || !SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits)
        || !CreateProcessA(NULL, line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &start, &made) || !AssignProcessToJobObject(job, made.hProcess))
        return 2;
    ResumeThread(made.hThread);
    if (WaitForSingleObject(opened, 50000) != WAIT_OBJECT_0 || !TerminateJobObject(job, 7))
        return 4;
    WaitForSingleObject(made.hProcess, INFINITE);
    GetExitCodeProcess(made.hProcess, &code);
    printf("ended %d\n", (int)code);
    return 0;
}
