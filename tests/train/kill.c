/* Training that is killed, or whose writes fail, and is started again must end with the same bytes as one that was left alone.
 * kill short|long FOLDER [JOB]: `long` stops a small run at each write, fsync, rename and unlink, by SIGKILL and by errors, and kills runs of at
 * least 5 seconds at least 50 times each, with 1, 2 and 4 threads; `short` does some of that. */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <estimator/estimator.h>

#include "base/base.h"
#include "train/jobs.h"

enum { TENTHS = 10 };
#define BEST "export/best/checkpoints"

/* What the trainer, which is another process, tells. */
typedef struct shared {
    atomic_int moments;           /* writes, fsyncs, renames, unlinks so far */
    /* The harmed one may fail: a file that cannot be removed stays, and is removed later; where an evaluation's events cannot be
     * written, that is a warning. */
    bool forgiven;
    est_status status;
    int64_t step;
    double seconds;
    char error[1024];
} shared;

/* What shall happen at which of them. */
typedef enum harm { NOTHING, KILL, FAIL_ONCE, FAIL_ON } harm;

static shared *told;
static const char *top;           /* folder of everything */
static harm harm_kind;
static int harm_at;
static int failures;
static bool is_long;

#define DIE(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), exit(2))

static void complain(const char *format, ...) EST_PRINTF(1, 2);
static void complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("FAILED: ", stdout);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    failures++;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pause_for(double seconds)
{
    struct timespec t = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };
    nanosleep(&t, NULL);
}

/* ---- folders ---- */

static const char *path_of(const char *dir, const char *name)
{
    static char room[4][PATH_MAX];
    static int turn;
    char *path = room[turn++ % 4];
    snprintf(path, PATH_MAX, "%s/%s", dir, name);
    return path;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

static const char *new_dir(const char *name)
{
    static char room[4][PATH_MAX];
    static int turn;
    char *dir = room[turn++ % 4];
    snprintf(dir, PATH_MAX, "%s/%s", top, name);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return dir;
}

/* The names in a model directory that do not depend on the time, in order. */
static void list(const char *dir, est__buffer *out)
{
    est__names names;
    if (est__list_dir(dir, &names) != EST_OK)
        DIE("%s", est_error());
    for (size_t i = 0; i < names.count; i++)
        if (strncmp(names.name[i], "events.", 7) != 0)
            est__buffer_printf(out, "%s\n", names.name[i]);
    est__names_free(&names);
}

static bool same_file(const char *a, const char *b)
{
    char *p = NULL, *q = NULL;
    size_t n, m;
    if (est__file_read(a, 0, &p, &n) != EST_OK || est__file_read(b, 0, &q, &m) != EST_OK)
        DIE("%s", est_error());
    bool same = n == m && memcmp(p, q, n) == 0;
    est__free(p);
    est__free(q);
    return same;
}

/* Are the last checkpoints the same files, and is nothing left over? */
static void compare(const char *what, const char *dir, const char *wanted, int64_t step)
{
    static const char *const suffixes[] = { "data-00000-of-00001", "index", "input" };
    est__buffer a = { 0 }, b = { 0 };
    char name[64];
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "model.ckpt-%lld.%s", (long long)step, suffixes[i]);
        if (!same_file(path_of(dir, name), path_of(wanted, name)))
            complain("%s: %s differs from that of the uninterrupted run", what, name);
    }
    list(dir, &a);
    list(wanted, &b);
    if (est__is_dir(path_of(wanted, BEST))) {
        list(path_of(dir, BEST), &a);
        list(path_of(wanted, BEST), &b);
    }
    if (strcmp(a.data, b.data) != 0)
        complain("%s: there are\n%sthe uninterrupted run has\n%s", what, a.data, b.data);
    est__buffer_free(&a);
    est__buffer_free(&b);
}

/* ---- the trainer, a process of its own ---- */

static int at_moment(const char *moment, const char *path)
{
    int n = atomic_fetch_add(&told->moments, 1) + 1;
    bool here = harm_kind == FAIL_ON ? n >= harm_at : n == harm_at;
    if (!here || harm_kind == NOTHING)
        return 0;
    if (harm_kind == KILL)
        raise(SIGKILL);
    if (n == harm_at)
        told->forgiven = strcmp(moment, "unlink") == 0 || strstr(path, "/eval/events.") != NULL;
    return strcmp(moment, "fsync") == 0 ? EIO : ENOSPC;
}

static void train_and_exit(const job *j, const char *dir)
{
    est_train_result result = { 0 };
    est__file_fault = at_moment;
    told->status = job_train(j, dir, &result);
    snprintf(told->error, sizeof told->error, "%s", told->status == EST_OK ? "" : est_error());
    told->step = result.global_step;
    told->seconds = result.seconds;
    exit(0);
}

static pid_t begin(const job *j, const char *dir, harm h, int at)
{
    harm_kind = h;
    harm_at = at;
    told->status = EST_UNKNOWN;
    atomic_store(&told->moments, 0);
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        DIE("fork: %s", strerror(errno));
    if (child == 0)
        train_and_exit(j, dir);
    return child;
}

/* True: it was killed. */
static bool end(pid_t child)
{
    int status;
    if (waitpid(child, &status, 0) != child)
        DIE("waitpid: %s", strerror(errno));
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return true;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        complain("the trainer died: %s %d", WIFEXITED(status) ? "exit status" : "signal",
                 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return false;
}

/* Trains undisturbed to the end. */
static void finish(const char *what, const job *j, const char *dir)
{
    if (end(begin(j, dir, NOTHING, 0)) || told->status != EST_OK || told->step != j->steps)
        complain("%s: going on ends at step %lld: %s", what, (long long)told->step, told->error);
}

/* ---- every moment of a few checkpoints ---- */

/* It names the file, and what the system said. */
static void check_error(const char *what, const job *j)
{
    const char *e = told->error, *named = strstr(e, top);
    bool placed = strncmp(e, "checkpoint of step", 18) == 0 || named == e || (j->controlled && named);
    if (told->status == EST_OK || !placed || (!strstr(e, strerror(ENOSPC)) && !strstr(e, strerror(EIO))))
        complain("%s: %s: %s", what, est_status_name(told->status), e);
}

static void check_temporaries(const char *what, const char *dir)
{
    est__buffer names = { 0 };
    list(dir, &names);
    if (strstr(names.data, ".tmp-"))
        complain("%s leaves\n%s", what, names.data);
    est__buffer_free(&names);
}

static void stop_at(const job *j, const char *wanted, harm h, int at)
{
    char what[128];
    const char *dir = new_dir("stopped");
    snprintf(what, sizeof what, "%s, %s at moment %d", j->name, h == KILL ? "killed" : h == FAIL_ONCE ? "a failure" : "a full disk", at);
    bool killed = end(begin(j, dir, h, at));
    if (killed != (h == KILL))
        complain("%s: %s", what, killed ? "it was killed" : "it was not killed");
    if (h != KILL) {
        if (told->status != EST_OK || !told->forgiven)
            check_error(what, j);
        check_temporaries(what, dir);
    }
    finish(what, j, dir);
    compare(what, dir, wanted, j->steps);
}

/* Three checkpoints; the third removes the first. At each `stride`th moment. */
static void stop_everywhere(job j, int stride)
{
    const char *wanted = new_dir("wanted");
    j.steps = 4;
    j.every = 2;
    finish(j.name, &j, wanted);
    int moments = atomic_load(&told->moments);
    for (int at = 1; at <= moments; at += stride)
        for (harm h = KILL; h <= FAIL_ON; h++)
            stop_at(&j, wanted, h, at);
    printf("%-16s %d threads: stopped at %d of %d writes, fsyncs, renames and unlinks\n", j.name, j.threads,
           (moments + stride - 1) / stride, moments);
}

/* ---- killed again and again ---- */

static int64_t newest_step(const char *dir)
{
    char prefix[PATH_MAX];
    if (est_latest_checkpoint(dir, prefix, sizeof prefix) != EST_OK)
        return 0;
    return strtoll(strrchr(prefix, '-') + 1, NULL, 10);
}

/* Twice as many kills are aimed at as are needed. A life that saved nothing, on a busy machine, makes the next ones longer. */
static void kill_often(const job *j, const char *wanted, double seconds, int least)
{
    int kills = 0, tenth[TENTHS] = { 0 };
    unsigned random = 1;
    double began = now(), life = seconds / (2 * least);
    int64_t last = 0;
    const char *dir = new_dir("killed");
    for (;; kills++) {
        random = random * 1103515245 + 12345;
        pid_t child = begin(j, dir, NOTHING, 0);
        pause_for(life * (0.5 + (double)(random >> 16 & 1023) / 1024));
        kill(child, SIGKILL);
        if (!end(child))
            break;
        int64_t step = newest_step(dir);
        life *= step == last ? 1.3 : 0.95;
        last = step;
        tenth[step * TENTHS / j->steps < TENTHS ? step * TENTHS / j->steps : TENTHS - 1]++;
    }
    if (told->status != EST_OK)
        complain("%s: after %d kills: %s", j->name, kills, told->error);
    if (kills < least && is_long)
        complain("%s: killed only %d times", j->name, kills);
    printf("%-16s %d threads: %lld steps in %.1f s, killed %d times in %.1f s; by tenths of the run:", j->name, j->threads,
           (long long)j->steps, seconds, kills, now() - began);
    for (int i = 0; i < TENTHS; i++)
        printf(" %d", tenth[i]);
    putchar('\n');
    for (int i = 0; i < TENTHS; i++)
        if (!tenth[i] && is_long)
            complain("%s: not killed in tenth %d of the run", j->name, i + 1);
    compare(j->name, dir, wanted, j->steps);
}

/* As many steps as take `seconds`, and a checkpoint every now and then. */
static void set_length(job *j, double seconds)
{
    j->every = 200;
    j->steps = 10 * j->every;
    finish(j->name, j, new_dir("trial"));
    j->steps = ((int64_t)(13 * seconds / told->seconds) + 1) * j->every;
}

static void kill_with_threads(job j, double seconds, int least, const int *threads, int count)
{
    static const char *const names[] = { "whole-1", "whole-2", "whole-4" };
    const char *first = NULL;
    set_length(&j, seconds);
    for (int i = 0; i < count; i++) {
        const char *wanted = new_dir(names[i]);
        j.threads = threads[i];
        finish(j.name, &j, wanted);
        double took = told->seconds;
        if (took < seconds) {        /* too short: longer, from the start */
            j.steps += j.steps / 2 / j.every * j.every;
            i = -1;
            continue;
        }
        if (i == 0)
            first = wanted;
        else
            compare("with other threads", wanted, first, j.steps);
        kill_often(&j, wanted, took, least);
    }
}

int main(int argc, char **argv)
{
    is_long = argc >= 3 && strcmp(argv[1], "long") == 0;
    if (argc < 3 || argc > 4 || (!is_long && strcmp(argv[1], "short") != 0))
        DIE("usage: kill short|long FOLDER [JOB]");
    top = argv[2];
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (told == MAP_FAILED)
        DIE("mmap: %s", strerror(errno));
    job_make_files(top);
    for (const job *j = jobs; j->name; j++) {
        if (argc == 4 && strcmp(argv[3], j->name) != 0)
            continue;
        for (int threads = is_long ? 1 : 2; threads <= (is_long ? 4 : 2); threads *= 2) {
            job one = *j;
            one.threads = threads;
            stop_everywhere(one, is_long ? 1 : j == jobs ? 4 : 25);
        }
        if (is_long && j->is_quick)
            kill_with_threads(*j, 5, 50, (const int[]){ 1, 2, 4 }, 3);
        else if (j->is_quick)
            kill_with_threads(*j, 0.3, 8, (const int[]){ 2 }, 1);
    }
    return failures > 0;
}
