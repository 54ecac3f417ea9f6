/* stderr: log lines with the time, failures, and a progress bar where somebody looks. */
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

static struct {
    pthread_mutex_t lock;
    bool terminal, quiet, verbose, bar;     /* bar: one stands on the screen */
    struct timespec drawn;
} screen = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void erase_bar(void)
{
    if (screen.bar)
        fputs("\r\033[K", stderr);
    screen.bar = false;
}

static void log_line(est_log_level level, const char *text, void *user)
{
    (void)user;
    if (level < (screen.quiet ? EST_LOG_WARNING : screen.verbose ? EST_LOG_DEBUG : EST_LOG_INFO))
        return;
    char when[16];
    time_t now = time(NULL);
    struct tm local;
    localtime_r(&now, &local);
    strftime(when, sizeof when, "%H:%M:%S", &local);
    pthread_mutex_lock(&screen.lock);
    erase_bar();
    fprintf(stderr, "%s %s%s\n", when, level == EST_LOG_ERROR ? "error: " : level == EST_LOG_WARNING ? "warning: " : "", text);
    pthread_mutex_unlock(&screen.lock);
}

void cli_log_start(const cli *c)
{
    screen.quiet = c->quiet;
    screen.verbose = c->verbose;
    screen.terminal = isatty(STDERR_FILENO) && !c->quiet;
    est_set_log(log_line, NULL);
}

int cli_say(const char *format, ...)
{
    va_list args;
    pthread_mutex_lock(&screen.lock);
    erase_bar();
    fputs("estimator: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    pthread_mutex_unlock(&screen.lock);
    return CLI_FAILED;
}

int cli_fail(est_status status)
{
    const char *text = est_error();
    return cli_say("%s", *text ? text : est_status_name(status));
}

static int width_of_screen(void)
{
    struct winsize w;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 20 ? w.ws_col : 80;
}

static double since(struct timespec then, struct timespec now)
{
    return (double)(now.tv_sec - then.tv_sec) + (double)(now.tv_nsec - then.tv_nsec) / 1e9;
}

/* "  512/1000 [=======>      ] loss 0.4312  2513 steps/s  0:03 left" */
static void draw(const est_progress *p)
{
    char numbers[160], left[48] = "";
    double share = p->max_steps > 0 ? (double)p->global_step / (double)p->max_steps : 0;
    if (p->max_steps > 0 && p->steps_per_sec > 0) {
        long seconds = lround(fmin((double)(p->max_steps - p->global_step) / p->steps_per_sec, 359999));
        if (seconds >= 3600)
            snprintf(left, sizeof left, "  %ld:%02ld:%02ld left", seconds / 3600, seconds / 60 % 60, seconds % 60);
        else
            snprintf(left, sizeof left, "  %ld:%02ld left", seconds / 60, seconds % 60);
    }
    snprintf(numbers, sizeof numbers, "loss %-9.4g %8.0f steps/s%-15s", p->loss, p->steps_per_sec, left);
    int width = width_of_screen();
    int bar = width - (int)strlen(numbers) - 24;
    fprintf(stderr, "\r\033[K%lld", (long long)p->global_step);
    if (p->max_steps > 0)
        fprintf(stderr, "/%lld", (long long)p->max_steps);
    fputc(' ', stderr);
    if (p->max_steps > 0 && bar >= 8) {
        int done = (int)(share * bar);
        fputc('[', stderr);
        for (int i = 0; i < bar; i++)
            fputc(i < done ? '=' : i == done ? '>' : ' ', stderr);
        fputs("] ", stderr);
    }
    fprintf(stderr, "%.*s", width > 30 ? width - 24 : width, numbers);
    fflush(stderr);
    screen.bar = true;
}

void cli_progress(const est_progress *p, void *user)
{
    struct timespec now;
    (void)user;
    if (!screen.terminal)
        return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    pthread_mutex_lock(&screen.lock);
    if (!screen.bar || since(screen.drawn, now) >= 0.1) {
        draw(p);
        screen.drawn = now;
    }
    pthread_mutex_unlock(&screen.lock);
}

void cli_progress_end(void)
{
    pthread_mutex_lock(&screen.lock);
    erase_bar();
    fflush(stderr);
    pthread_mutex_unlock(&screen.lock);
}
