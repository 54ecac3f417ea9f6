/* estimator tune: trials over a configuration, in processes of this program; a table of them, the best first. */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <estimator/tune.h>

#include "cli/cli.h"

static volatile sig_atomic_t got_signal;

static void on_signal(int number)
{
    got_signal = number;
}

static bool cancelled(void *user)
{
    (void)user;
    return got_signal != 0;
}

static void each(const est_trial *t, int64_t done, int64_t all, void *user)
{
    const cli *c = user;
    if (c->quiet)
        return;
    if (t->error)
        cli_say("trial %lld (%lld of %lld) failed: %s", (long long)t->number, (long long)done, (long long)all, t->error);
    else
        cli_say("trial %lld (%lld of %lld): %.6g", (long long)t->number, (long long)done, (long long)all, t->score);
}

static void print_json(const est_tune_result *r, est_strings search)
{
    fputs("{\"trials\": [", stdout);
    for (size_t i = 0; i < r->count; i++) {
        const est_trial *t = &r->trial[i];
        printf("%s{\"trial\": %lld, \"score\": ", i ? ", " : "", (long long)t->number);
        json_double(stdout, t->score);
        fputs(", \"deviation\": ", stdout);
        json_double(stdout, t->deviation);
        printf(", \"steps\": %lld, \"values\": [", (long long)t->steps);
        for (size_t j = 0; j < search.count; j++) {
            fputs(j ? ", " : "", stdout);
            json_string(stdout, t->value[j], strlen(t->value[j]));
        }
        fputs("]", stdout);
        if (t->error) {
            fputs(", \"error\": ", stdout);
            json_string(stdout, t->error, strlen(t->error));
        }
        fputs("}", stdout);
    }
    puts("]}");
}

/* The last part of a key's path heads its column. */
static void print_table(const est_tune_result *r, est_strings search, bool folds)
{
    printf("trial       score%s  steps", folds ? "   deviation" : "");
    for (size_t j = 0; j < search.count; j++) {
        int n = (int)strcspn(search.data[j], "=,");
        const char *from = search.data[j];
        for (int i = 0; i < n; i++)
            if (search.data[j][i] == '.')
                from = &search.data[j][i + 1];
        printf("  %.*s", n - (int)(from - search.data[j]), from);
    }
    putchar('\n');
    for (size_t i = 0; i < r->count; i++) {
        const est_trial *t = &r->trial[i];
        printf("%5lld  ", (long long)t->number);
        if (t->error)
            printf("%10s", "failed");
        else
            printf("%10.6g", t->score);
        if (folds)
            printf("  %10.3g", t->deviation);
        printf("  %5lld", (long long)t->steps);
        for (size_t j = 0; j < search.count; j++)
            printf("  %s", t->value[j]);
        putchar('\n');
    }
}

/* What train takes for the best trial. */
static void print_best(const est_trial *t, est_strings search)
{
    puts("\nThe best of them:");
    for (size_t j = 0; j < search.count; j++)
        for (const char *at = search.data[j]; *at != '=';) {
            size_t n;
            at += strspn(at, " ,");
            n = strcspn(at, " ,=");
            printf("  --set '%.*s=%s'\n", (int)n, at, t->value[j]);
            at += n + strspn(at + n, " ,");
        }
}

static int finish(cli *c, est_status st, est_tune_result *r, est_strings search, bool folds)
{
    cli_output out;
    if (st != EST_OK) {
        int status = cli_fail(st);
        return st == EST_CANCELLED && got_signal ? 128 + got_signal : status;
    }
    if (c->json) {
        print_json(r, search);
    } else {
        print_table(r, search, folds);
        print_best(&r->trial[0], search);
    }
    est_tune_result_free(r);
    return cli_output_open(&out, NULL) && cli_output_close(&out, true) ? CLI_DONE : CLI_FAILED;
}

/* --model-dir, or the folder `tune` in the configuration's; NULL after a failure, which was printed. */
static char *folder_of(const cli *c, const est_tune_options *o)
{
    const char *given = cli_value(c, "model-dir");
    est_experiment *x = NULL;
    if (!given && est_experiment_new(&(est_experiment_options){ .config = o->config, .set = o->set }, &x) != EST_OK) {
        cli_fail(EST_INVALID_ARGUMENT);
        return NULL;
    }
    const char *base = given ? given : est_estimator_model_dir(est_experiment_estimator(x));
    size_t n = strlen(base) + 8;
    char *dir = malloc(n);
    if (dir)
        snprintf(dir, n, given ? "%s" : "%s/tune", base);
    else
        cli_say("out of memory");
    est_experiment_free(x);
    return dir;
}

static int run(cli *c)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = 0;
    est_tune_options o = { .method = cli_value(c, "method"), .metric = cli_value(c, "metric"), .goal = cli_value(c, "goal"),
                           .command = n > 0 ? self : "estimator", .each = each, .cancelled = cancelled, .user = c };
    int64_t seed = 0;
    if (!cli_number(c, "trials", 1, &o.trials) || !cli_number(c, "folds", 2, &o.folds) || !cli_number(c, "jobs", 1, &o.jobs) ||
        !cli_number(c, "seed", 0, &seed))
        return CLI_USAGE;
    o.seed = (uint64_t)seed;
    const char **room = calloc(3 * c->given_count + 3, sizeof *room), **configs = room ? room + 2 * c->given_count + 1 : NULL;
    if (!room)
        return cli_say("out of memory");
    o.set = cli_values(c, "set", room);
    o.search = cli_values(c, "try", room + c->given_count);
    o.config = cli_values(c, "config", configs + 1);
    configs[0] = c->operands[0];
    o.config = (est_strings){ configs, o.config.count + 1 };
    char *dir = folder_of(c, &o);
    if (!dir) {
        free(room);
        return CLI_FAILED;
    }
    o.dir = dir;
    struct sigaction a = { .sa_handler = on_signal };
    sigemptyset(&a.sa_mask);
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    est_tune_result *r;
    est_status st = est_tune(&o, &r);
    int status = finish(c, st, r, o.search, o.folds > 0);
    free(dir);
    free(room);
    return status;
}

static const cli_option options[] = {
    { "try", "PATH=VALUES", "needed: a key and what to try: [1, 2] or {log_uniform: [0.01, 1]}", true },
    { "method", "METHOD", "random (default), grid or halving", false },
    { "trials", "N", "how many, of random and halving; 20", false },
    { "folds", "N", "cross-validation on task.train_data, not task.validation_data", false },
    { "metric", "NAME", "what evaluate calls it; average_loss", false },
    { "goal", "GOAL", "min or max; by the metric's name", false },
    { "jobs", "N", "trials at once; as many as there are cores", false },
    { "seed", "N", "of the choices; 0", false },
    { NULL, NULL, NULL, false } };
const cli_command cli_tune = { "tune", "CONFIG", "the best values for keys of a configuration, by trials", 1, 1, true, options, run };
