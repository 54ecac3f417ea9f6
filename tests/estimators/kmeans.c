/* KMeans beside a plain loop: full and mini batches, both distances; how centers are chosen; its own verbs; what is refused. */
#include <estimator/estimator.h>

#include <math.h>
#include <string.h>

#include "support/est_test.h"

enum { ROWS = 200, WIDTH = 3, CLUSTERS = 4, BATCH = 40 };

/* ---- points around four places ---- */

static float points[ROWS * WIDTH];

static void make_points(void)
{
    uint32_t state = 7;
    for (int i = 0; i < ROWS * WIDTH; i++) {
        state = state * 1664525 + 1013904223;
        points[i] = (float)(state >> 8) * 0x1p-23f - 1 + (float)(i / WIDTH % CLUSTERS * (i % WIDTH + 1));
    }
}

static est_status rows(const est_input_context *context, est_dataset **out, void *user)
{
    est_tensor x = { EST_FLOAT, EST_SHAPE(ROWS, WIDTH), points, NULL };
    est_status st = est_memory_dataset_new((const char *const[]){ "x" }, (const est_tensor *const[]){ &x }, 1, NULL, out);
    if (st == EST_OK)
        est_dataset_batch(est_dataset_repeat(*out, context->mode == EST_TRAIN ? EST_OFF : 1), *(const int *)user, false);
    return st;
}

static est_estimator *new_kmeans(const char *dir, est_kmeans_options o, int64_t threads)
{
    est_columns *c = est_columns_new();
    est_estimator *e = NULL;
    o.feature_columns = EST_COLUMNS(est_numeric_column(c, "x", &(est_numeric_column_options){ .shape = EST_INTS(WIDTH) }));
    EST_CHECK_OK(est_kmeans_new(&o, &((est_run_config){ .model_dir = est_test_path(dir), .num_threads = threads }), &e));
    est_columns_free(c);
    return e;
}

static est_status train(est_estimator *e, int batch, int64_t steps)
{
    return est_train(e, &((est_train_options){ .input_fn = rows, .user = &batch, .max_steps = steps }), NULL);
}

static est_floats first_rows(void)
{
    static double start[CLUSTERS * WIDTH];
    for (int i = 0; i < CLUSTERS * WIDTH; i++)
        start[i] = (double)points[i + 5 * WIDTH];
    return (est_floats){ start, CLUSTERS * WIDTH };
}

/* ---- a plain loop ---- */

typedef struct plain {
    double center[CLUSTERS][WIDTH], count[CLUSTERS];
} plain;

static int nearest(const plain *p, const float *x, double *distance)
{
    int best = 0;
    *distance = INFINITY;
    for (int c = 0; c < CLUSTERS; c++) {
        double d = 0;
        for (int i = 0; i < WIDTH; i++)
            d += ((double)x[i] - p->center[c][i]) * ((double)x[i] - p->center[c][i]);
        if (d < *distance) {
            *distance = d;
            best = c;
        }
    }
    return best;
}

static double step_plain(plain *p, int first, int n, bool full)
{
    double sum[CLUSTERS][WIDTH] = { { 0 } }, count[CLUSTERS] = { 0 }, loss = 0, d;
    for (int r = first; r < first + n; r++) {
        int c = nearest(p, points + r * WIDTH, &d);
        loss += d;
        count[c]++;
        for (int i = 0; i < WIDTH; i++)
            sum[c][i] += (double)points[r * WIDTH + i];
    }
    for (int c = 0; c < CLUSTERS; c++) {
        p->count[c] += count[c];
        for (int i = 0; i < WIDTH; i++)
            p->center[c][i] = full ? sum[c][i] / (count[c] + 1e-6)
                                   : p->center[c][i] + (sum[c][i] - count[c] * p->center[c][i]) / p->count[c];
    }
    return loss;
}

static void like_the_plain_loop(bool full, int64_t steps)
{
    plain p = { .count = { 1, 1, 1, 1 } };
    double score, loss = 0;
    int all = ROWS, batch = full ? ROWS : BATCH;
    est_tensor *centers;
    make_points();
    est_floats start = first_rows();
    memcpy(p.center, start.data, sizeof p.center);
    est_estimator *e = new_kmeans(full ? "full" : "mini", (est_kmeans_options){ .num_clusters = CLUSTERS, .initial_centers = start,
                                                                               .full_batch = full }, 2);
    EST_CHECK_OK(train(e, batch, steps));
    for (int64_t s = 0; s < steps; s++)
        step_plain(&p, (int)(s * batch % ROWS), batch, full);
    EST_CHECK_OK(est_kmeans_cluster_centers(e, &centers));
    for (int i = 0; centers && i < CLUSTERS * WIDTH; i++)
        EST_CHECK_NEAR(((const float *)centers->data)[i], p.center[i / WIDTH][i % WIDTH], 1e-5);
    est_tensor_free(centers);
    for (int r = 0; r < ROWS; r++) {
        double d;
        nearest(&p, points + r * WIDTH, &d);
        loss += d;
    }
    EST_CHECK_OK(est_kmeans_score(e, rows, &all, &score));
    EST_CHECK_NEAR(score, loss, 1e-3);
    est_estimator_free(e);
}

static void full_batches(void)
{
    like_the_plain_loop(true, 6);
}

static void mini_batches(void)
{
    like_the_plain_loop(false, 12);
}

/* ---- how it starts, and ends ---- */

static double score_of(est_kmeans_options o, const char *dir, int batch, int64_t steps)
{
    double score = NAN;
    int all = ROWS;
    make_points();
    o.num_clusters = o.num_clusters ? o.num_clusters : CLUSTERS;
    est_estimator *e = new_kmeans(dir, o, 1);
    EST_CHECK_OK(train(e, batch, steps));
    EST_CHECK_OK(est_kmeans_score(e, rows, &all, &score));
    est_estimator_free(e);
    return score;
}

static void centers_are_chosen(void)
{
    est_kmeans_options o = { .full_batch = true, .initial_clusters = "kmeans_plus_plus" };
    double best = score_of((est_kmeans_options){ .full_batch = true, .initial_centers = first_rows() }, "given", ROWS, 10);
    EST_CHECK(score_of(o, "spread", ROWS, 10) < 1.01 * best);
    o.kmeans_plus_plus_num_retries = EST_KMEANS_NO_RETRIES;
    EST_CHECK(isfinite(score_of(o, "once", ROWS, 10)));
    o.kmeans_plus_plus_num_retries = -1;
    EST_CHECK(score_of(o, "often", ROWS, 10) < 1.01 * best);
    EST_CHECK(isfinite(score_of((est_kmeans_options){ .full_batch = true }, "random", ROWS, 10)));
    /* batches of three rows: four centers are there after two */
    EST_CHECK(isfinite(score_of((est_kmeans_options){ .seed = 3 }, "small", 3, 60)));
    EST_CHECK(isfinite(score_of((est_kmeans_options){ .mini_batch_steps_per_iteration = 4 }, "long", BATCH, 40)));
    EST_CHECK(score_of((est_kmeans_options){ .distance_metric = "cosine" }, "cosine", BATCH, 40) < ROWS);
}

static void ends_when_the_loss_stays(void)
{
    est_kmeans_options o = { .num_clusters = CLUSTERS, .full_batch = true, .relative_tolerance = 1e-3 };
    est_train_result r;
    int batch = ROWS;
    make_points();
    o.initial_centers = first_rows();
    est_estimator *e = new_kmeans("model", o, 1);
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = rows, .user = &batch, .max_steps = 500 }), &r));
    EST_CHECK(r.global_step >= 2 && r.global_step < 50);
    est_estimator_free(e);
}

static void the_same_bits(void)
{
    est_tensor *centers[2];
    make_points();
    for (int i = 0; i < 2; i++) {
        est_kmeans_options o = { .num_clusters = 5, .initial_clusters = "kmeans_plus_plus" };
        est_estimator *e = new_kmeans(i ? "four" : "one", o, i ? 4 : 1);
        if (i == 0)
            EST_CHECK_OK(train(e, BATCH, 7));   /* stopped, and gone on */
        EST_CHECK_OK(train(e, BATCH, 20));
        EST_CHECK_OK(est_kmeans_cluster_centers(e, &centers[i]));
        est_estimator_free(e);
    }
    if (centers[0] && centers[1])
        EST_CHECK_BYTES(centers[0]->data, 5 * WIDTH * sizeof(float), centers[1]->data, 5 * WIDTH * sizeof(float));
    est_tensor_free(centers[0]);
    est_tensor_free(centers[1]);
}

static est_status root_distances(const est_predictions *p, void *user)
{
    plain *q = user;
    EST_CHECK_STR(p->key[0], "all_distances");
    for (int64_t r = 0; r < p->rows; r++) {
        double d, least = INFINITY;
        nearest(q, points + r * WIDTH, &d);
        for (int c = 0; c < CLUSTERS; c++)
            least = fmin(least, (double)((const float *)p->value[0]->data)[r * CLUSTERS + c]);
        EST_CHECK_NEAR(least, sqrt(d), 1e-3);
    }
    return EST_OK;
}

static void transforms(void)
{
    plain p;
    est_tensor *centers;
    int all = ROWS;
    make_points();
    est_estimator *e = new_kmeans("model", (est_kmeans_options){ .num_clusters = CLUSTERS, .full_batch = true }, 1);
    EST_CHECK_OK(train(e, ROWS, 3));
    EST_CHECK_OK(est_kmeans_cluster_centers(e, &centers));
    for (int i = 0; centers && i < CLUSTERS * WIDTH; i++)
        p.center[i / WIDTH][i % WIDTH] = (double)((const float *)centers->data)[i];
    est_tensor_free(centers);
    EST_CHECK_OK(est_kmeans_transform(e, rows, &all, root_distances, &p));
    EST_CHECK_FAILS(est_kmeans_transform(e, rows, &all, NULL, NULL), EST_INVALID_ARGUMENT, "KMeans: transform: each is needed");
    est_estimator_free(e);
}

/* ---- what is refused ---- */

static void refuses(void)
{
    est_columns *c = est_columns_new();
    est_estimator *e;
    est_kmeans_options o = { .feature_columns = EST_COLUMNS(est_numeric_column(c, "x", &(est_numeric_column_options){ .shape = EST_INTS(WIDTH) })) };
    est_run_config config = { .model_dir = est_test_path("model") };
    EST_CHECK_FAILS(est_kmeans_new(&o, &config, &e), EST_INVALID_ARGUMENT, "KMeans: num_clusters is missing: how many clusters");
    o.num_clusters = 5;
    o.initial_clusters = "kmeans++";
    EST_CHECK(est_kmeans_new(&o, &config, &e) == EST_INVALID_ARGUMENT);
    o.initial_clusters = NULL;
    o.initial_centers = EST_FLOATS(1, NAN);
    EST_CHECK_FAILS(est_kmeans_new(&o, &config, &e), EST_INVALID_ARGUMENT, "KMeans: initial_clusters[1] is nan; it must be a number");
    o.initial_centers = EST_FLOATS(1, 2);
    EST_NEED_OK(est_kmeans_new(&o, &config, &e));
    make_points();
    EST_CHECK_FAILS(train(e, BATCH, 1), EST_INVALID_ARGUMENT,
                    "KMeans: initial_clusters holds 2 numbers; 5 clusters of 3 columns are 15");
    est_estimator_free(e);
    o.initial_centers = (est_floats){ 0 };
    o.initial_clusters = "kmeans_plus_plus";
    EST_NEED_OK(est_kmeans_new(&o, &config, &e));
    EST_CHECK(train(e, 3, 1) == EST_INVALID_ARGUMENT);
    EST_CHECK(strstr(est_error(), "k-means++ chooses 5 clusters from the first batch, which has 3 rows: raise batch_size") != NULL);
    est_estimator_free(e);
    est_columns_free(c);
}

EST_SUITE(estimators_kmeans, EST_TEST(full_batches), EST_TEST(mini_batches), EST_TEST(centers_are_chosen),
          EST_TEST(ends_when_the_loss_stays), EST_TEST(the_same_bits), EST_TEST(transforms), EST_TEST(refuses));
