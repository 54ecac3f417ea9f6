/* How long the checkpoint of a large variable holds training up, beside the time that writing it takes. Each step moves some rows of the
 * variable, as those of embeddings do, or all of it, as those of dense layers do.
 *     checkpoint rows|all [MEGABYTES [FOLDER]] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <estimator/estimator.h>

enum { WIDTH = 1024, IDS = 65536, BATCH = 128, QUIET = 10 };

typedef struct watch {
    bool all;
    int64_t rows, save_at;      /* the step after which the checkpoint begins */
    char index[512];            /* the file that makes it whole */
    double last, quiet[QUIET];  /* seconds: when the last step ended; the steps before the checkpoint */
    double begun, longest, sum, steps;
} watch;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static est_status numbers(const est_input_context *context, est_dataset **out, void *user)
{
    const watch *w = user;
    static int64_t ids[IDS];
    static const est_tensor column = { .dtype = EST_INT64, .shape = { .rank = 1, .dim = { IDS } }, .data = ids };
    static const char *const name = "id";
    static const est_tensor *const list[] = { &column };
    (void)context;
    for (uint64_t i = 0, x = 1; i < IDS; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        ids[i] = (int64_t)((x >> 33) % (uint64_t)w->rows);
    }
    est_status st = est_memory_dataset_new(&name, list, 1, NULL, out);
    if (st == EST_OK)
        est_dataset_batch(est_dataset_repeat(*out, EST_OFF), BATCH, true);
    return st;
}

static est_status model(est_spec *spec, const est_features *features, est_node *labels, est_mode mode, void *user)
{
    const watch *w = user;
    est_graph *g = est_spec_graph(spec);
    est_node *table = est_variable(g, "table", &(est_variable_options){ .shape = { .rank = 2, .dim = { w->rows, WIDTH } } });
    est_node *of = w->all ? est_read(g, table)
                          : est_op(g, "ResourceGather", NULL, EST_NODES(table, est_features_find(features, "id")->value),
                                   EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT)));
    est_node *loss = est_reduce_mean(g, est_square(g, est_sub(g, of, est_constant_float(g, 1))), (est_ints){ 0 }, false);
    est_optimizer *sgd;
    (void)labels, (void)mode;
    est_status st = est_sgd_optimizer_new(&(est_sgd_options){ .learning_rate = 1 }, &sgd);
    if (st != EST_OK)
        return st;
    est_spec_loss(spec, loss);
    est_spec_train_op(spec, est_optimizer_minimize(sgd, g, loss, est_spec_global_step(spec)));
    est_optimizer_free(sgd);
    return EST_OK;
}

static est_status after_run(est_run_context *c, void *user)
{
    watch *w = user;
    struct stat file;
    double at = now(), took = at - w->last;
    int64_t step = est_run_global_step(c);
    w->last = at;
    if (step < w->save_at) {
        w->quiet[step % QUIET] = took;
        w->begun = at;      /* the checkpoint is begun before the hooks of its step are called, or after */
        return EST_OK;
    }
    w->longest = took > w->longest ? took : w->longest;
    w->sum += took;
    w->steps++;
    if (stat(w->index, &file) == 0)
        est_run_request_stop(c);
    return EST_OK;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    watch w = { .all = argc > 1 && strcmp(argv[1], "all") == 0 };
    int64_t megabytes = argc > 2 ? atoll(argv[2]) : 1024;
    const char *dir = argc > 3 ? argv[3] : "checkpoint_model";
    est_estimator *e = NULL;
    est_hook *hook = NULL;
    w.rows = megabytes * 1024 * 1024 / (WIDTH * 4);
    w.save_at = w.all ? 20 : 20000;
    snprintf(w.index, sizeof w.index, "%s/model.ckpt-%lld.index", dir, (long long)w.save_at);
    est_status st = est_hook_new(&(est_hook_options){ .name = "watch", .after_run = after_run, .user = &w }, &hook);
    if (st == EST_OK)
        st = est_custom_new(&(est_custom_options){ .model_fn = model, .user = &w,
                                                   .features = { &(est_feature){ .name = "id", .dtype = EST_INT64 }, 1 } },
                            &(est_run_config){ .model_dir = dir, .save_summary_steps = EST_OFF, .log_step_count_steps = EST_OFF,
                                               .save_checkpoints_steps = w.save_at, .keep_checkpoint_max = 1 }, &e);
    if (st == EST_OK)
        st = est_train(e, &(est_train_options){ .input_fn = numbers, .user = &w, .hooks = EST_HOOKS(hook) }, NULL);
    est_hook_free(hook);
    est_estimator_free(e);
    if (st != EST_OK) {
        fprintf(stderr, "checkpoint: %s\n", est_error());
        return 1;
    }
    qsort(w.quiet, QUIET, sizeof w.quiet[0], by_size);
    double quiet = w.quiet[QUIET / 2], writing = w.last - w.begun, held = w.sum - w.steps * quiet;
    printf("%s: %lld MB written in %.3f s; %.0f steps meanwhile, of %.3f ms, without it %.3f ms; the longest waited %.3f s: %.1f %% of "
           "the writing (all held up together: %.1f %%)\n",
           w.all ? "all" : "rows", (long long)megabytes, writing, w.steps, w.sum / w.steps * 1e3, quiet * 1e3, w.longest - quiet,
           100 * (w.longest - quiet) / writing, 100 * held / writing);
    return 0;
}
