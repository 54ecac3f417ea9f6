/* k-means over full batches: kmeans POINTS.npz START.txt STEPS THREADS ROWS prints seconds a step, the first left out, and the last
 * loss. POINTS holds an array "x"; bench/kmeans.py makes them and runs scikit-learn on the same. */
#include <estimator/estimator.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static est_features_spec spec;

static est_status points(const est_input_context *context, est_dataset **out, void *user)
{
    const char *const *argv = user;
    est_numpy_options o = { .input_path = EST_STRINGS(argv[1]), .features = spec };
    est_status st = est_numpy_dataset_new(&o, out);
    if (st == EST_OK)
        est_dataset_batch(est_dataset_repeat(*out, context->mode == EST_TRAIN ? EST_OFF : 1), strtoll(argv[5], NULL, 10), false);
    return st;
}

/* The start, row after row, as text: rows and columns, then numbers. */
static double *read_start(const char *path, int64_t *clusters, int64_t *width)
{
    FILE *f = fopen(path, "r");
    double *v = NULL;
    long long k = 0, d = 0;
    if (f && fscanf(f, "%lld %lld", &k, &d) == 2 && k > 0 && d > 0 && (v = calloc((size_t)(k * d), sizeof *v)))
        for (long long i = 0; i < k * d; i++)
            if (fscanf(f, "%lf", &v[i]) != 1)
                v[i] = 0;
    if (f)
        fclose(f);
    *clusters = k;
    *width = d;
    return v;
}

int main(int argc, char **argv)
{
    est_columns *c = est_columns_new();
    est_estimator *e = NULL;
    est_train_result r = { 0 };
    est_kmeans_options o = { .full_batch = true };
    int64_t width;
    if (argc != 6) {
        fprintf(stderr, "usage: kmeans POINTS.npz START.txt STEPS THREADS ROWS\n");
        return 2;
    }
    double *start = read_start(argv[2], &o.num_clusters, &width);
    o.initial_centers = (est_floats){ start, (size_t)(o.num_clusters * width) };
    o.feature_columns = EST_COLUMNS(est_numeric_column(c, "x", &(est_numeric_column_options){ .shape = EST_INTS(width) }));
    est_run_config config = { .num_threads = strtoll(argv[4], NULL, 10), .save_checkpoints_secs = EST_OFF, .save_summary_steps = EST_OFF };
    est_status st = est_kmeans_new(&o, &config, &e);
    if (st == EST_OK)
        st = est_estimator_input_spec(e, (est_strings){ 0 }, true, &spec);
    if (st == EST_OK)
        st = est_train(e, &(est_train_options){ .input_fn = points, .user = argv, .max_steps = strtoll(argv[3], NULL, 10) }, &r);
    if (st == EST_OK)
        printf("%.6f %.6g\n", 1 / r.steps_per_sec, r.loss);
    else
        fprintf(stderr, "%s\n", est_error());
    est_estimator_free(e);
    est_columns_free(c);
    free(start);
    return st != EST_OK;
}
