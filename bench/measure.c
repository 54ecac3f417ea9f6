/* measure PROGRAM ARGUMENT...: runs it, and prints wall seconds, the peak of its memory in KiB, and processor seconds, on the last line
 * of stderr. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    int status;
    struct rusage usage;
    double begin = now();
    pid_t child = argc > 1 ? fork() : -1;
    if (child < 0)
        return 2;
    if (child == 0) {
        execvp(argv[1], argv + 1);
        perror(argv[1]);
        _exit(127);
    }
    if (wait4(child, &status, 0, &usage) != child)
        return 2;
    fprintf(stderr, "%.4f %ld %.4f\n", now() - begin, usage.ru_maxrss, seconds(usage.ru_utime) + seconds(usage.ru_stime));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
