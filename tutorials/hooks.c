/* Training that is watched: a hook of one's own, evaluations of checkpoints while it trains, early stopping with the best checkpoint
 * restored, and exporters. A network over the 1994 census that learns too long learns by heart. hooks.md explains it. */
#include <stdio.h>

#include <estimator/estimator.h>

typedef struct job {
    est_estimator *estimator;
    const char *folder;      /* of the CSV files */
} job;

static est_status input_fn(const est_input_context *context, est_dataset **out, void *user)
{
    const job *j = user;
    bool training = context->mode == EST_TRAIN;
    char path[4096];
    snprintf(path, sizeof path, "%s/adult_%s.csv.gz", j->folder, training ? "train" : "eval");
    est_csv_options csv = { .input_path = EST_STRINGS(path), .label = EST_STRINGS("income") };
    est_status st = est_estimator_input_spec(j->estimator, csv.label, true, &csv.features);
    if (st == EST_OK)
        st = est_csv_dataset_new(&csv, out);
    if (st != EST_OK)
        return st;
    if (training)
        est_dataset_repeat(est_dataset_shuffle(est_dataset_take(*out, 2000), 2000, 0, false), EST_OFF);
    est_dataset_batch(*out, 128, false);
    return EST_OK;
}

static est_column *vectors(est_columns *c, const char *key, int64_t dimension)
{
    est_hash_bucket_options words = { .hash_bucket_size = 64 };
    est_embedding_options o = { .categorical_column = est_categorical_column_with_hash_bucket(c, key, &words), .dimension = dimension };
    return est_embedding_column(c, &o);
}

static est_column *number(est_columns *c, const char *key, double mean, double std)
{
    est_numeric_column_options o = { .normalizer_fn = { .kind = EST_NORMALIZE_MEAN_STD, .mean = mean, .std = std } };
    return est_numeric_column(c, key, &o);
}

/* Only 2,000 people to learn from, and many weights: made to learn by heart. */
static est_status make_estimator(const char *model_dir, est_estimator **out)
{
    est_columns *c = est_columns_new();
    est_dnn_classifier_options options = {
        .feature_columns = EST_COLUMNS(number(c, "age", 38.6, 13.7), number(c, "education_num", 10.1, 2.6),
                                       number(c, "hours_per_week", 40.4, 12.3), vectors(c, "occupation", 8), vectors(c, "relationship", 4),
                                       vectors(c, "native_country", 4)),
        .hidden_units = EST_INTS(64, 32),
        .label_vocabulary = EST_STRINGS("<=50K", ">50K") };
    est_run_config config = { .model_dir = model_dir, .save_checkpoints_steps = 100, .keep_checkpoint_max = 3 };
    est_status st = est_adam_optimizer_new((&(est_adam_options){ .learning_rate = 0.001 }), &options.optimizer);
    if (st == EST_OK)
        st = est_dnn_classifier_new(&options, &config, out);
    est_optimizer_free(options.optimizer);
    est_columns_free(c);
    return st;
}

/* ---- a hook of one's own: how large the weights of the last layer become ---- */

typedef struct watch {
    size_t kernel;
    double first, last;
} watch;

static est_status watch_begin(est_run_context *c, void *user)
{
    est_graph *g = est_run_graph(c);
    ((watch *)user)->kernel = est_run_fetch(c, est_read(g, est_graph_variable(g, "dnn/logits/kernel")));
    return EST_OK;
}

static est_status watch_after(est_run_context *c, void *user)
{
    watch *w = user;
    const est_tensor *kernel = est_run_value(c, w->kernel);   /* [32, 1] */
    const float *p = kernel->data;
    w->last = 0;
    for (int64_t i = 0; i < est_shape_elements(&kernel->shape); i++)
        w->last += (double)p[i] * (double)p[i];
    if (est_run_global_step(c) == 1)
        w->first = w->last;
    return EST_OK;
}

static est_status watch_end(est_run_context *c, void *user)
{
    const watch *w = user;
    printf("trained for %lld steps; the last layer's weights squared: %.2f at first, %.2f in the end\n", (long long)est_run_global_step(c),
           w->first, w->last);
    return EST_OK;
}

/* ---- all of it ---- */

static est_status show(const char *name, const est_results *metrics, void *user)
{
    (void)name;
    (void)user;
    for (size_t i = 0; i < metrics->count; i++) {
        if (metrics->name[i][0] == 'g' || (metrics->name[i][0] == 'l' && metrics->name[i][1] == 'o'))   /* global_step, loss */
            printf("%s %g  ", metrics->name[i], metrics->value[i]);
    }
    printf("\n");
    return EST_OK;
}

static est_status train(job *j, est_hook_list hooks, est_exporter_list exporters)
{
    est_eval_spec eval = { .input_fn = input_fn, .user = j, .steps = EST_OFF, .throttle_secs = EST_OFF, .exporters = exporters };
    est_train_and_evaluate_options o = { .train_spec = { .input_fn = input_fn, .user = j, .max_steps = 5000, .hooks = hooks },
                                         .eval_specs = { &eval, 1 }, .evaluated = show };
    return est_train_and_evaluate(j->estimator, &o, NULL, NULL);
}

static est_status run(job *j)
{
    watch w = { 0 };
    est_hook *watching = NULL, *stop = NULL;
    est_exporter *best = NULL;
    est_early_stopping_options patience = { .metric_name = "loss", .max_steps_without_decrease = 300, .restore_best = true };
    est_exporter_options export = { .name = "best", .checkpoints_to_keep = 1 };
    est_status st = est_hook_new((&(est_hook_options){ .name = "watch", .begin = watch_begin, .after_run = watch_after, .end = watch_end,
                                                       .user = &w }), &watching);
    if (st == EST_OK)
        st = est_stop_if_no_decrease_hook_new(j->estimator, &patience, &stop);
    if (st == EST_OK)
        st = est_best_exporter_new(&export, &best);
    if (st == EST_OK)
        st = train(j, EST_HOOKS(watching, stop), EST_EXPORTERS(best));
    est_hook_free(watching);
    est_hook_free(stop);
    est_exporter_free(best);
    return st;
}

static est_status evaluate(job *j)
{
    est_results *metrics = NULL;
    printf("the newest checkpoint is the best one again: ");
    est_status st = est_evaluate(j->estimator, &(est_evaluate_options){ .input_fn = input_fn, .user = j }, &metrics);
    if (st == EST_OK)
        st = show(NULL, metrics, NULL);
    est_results_free(metrics);
    return st;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "Usage: hooks DATA_FOLDER MODEL_DIR\n");
        return 2;
    }
    job j = { .folder = argv[1] };
    est_status st = make_estimator(argv[2], &j.estimator);
    if (st == EST_OK)
        st = run(&j);
    if (st == EST_OK)
        st = evaluate(&j);
    if (st != EST_OK)
        fprintf(stderr, "hooks: %s\n", est_error());
    est_estimator_free(j.estimator);
    return st != EST_OK;
}
