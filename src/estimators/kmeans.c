/* KMeans: Lloyd's iteration over full batches, or over mini-batches (Sculley 2010), as tf.compat.v1.estimator.experimental.KMeans. */
#include <math.h>

#include <estimator/ops.h>

#include "estimators/canned.h"
#include "estimators/estimator.h"
#include "graph/graph.h"

typedef struct kmeans {
    est_kmeans_options o;
    est__arena arena;
} kmeans;

static const char *const starts[] = { "random", "kmeans_plus_plus", NULL };
static const char *const metrics[] = { "squared_euclidean", "cosine", NULL };

static const est_field fields[] = {
    EST_FIELD(est_kmeans_options, COLUMNS, feature_columns, .needed = true, .doc = "what the points are made of"),
    EST_FIELD(est_kmeans_options, INT, num_clusters, .needed = true, .min = 1, .max = INT32_MAX, .doc = "how many clusters"),
    EST_FIELD(est_kmeans_options, STRING, initial_clusters, .def_text = "random", .choices = starts,
              .doc = "how centers are chosen from the first batch; or the centers, a list of rows"),
    { .name = "initial_clusters", .type = EST_FIELD_FLOATS, .offset = offsetof(est_kmeans_options, initial_centers),
      .min = -INFINITY, .max = INFINITY, .doc = "the centers, row after row" },
    EST_FIELD(est_kmeans_options, STRING, distance_metric, .def_text = "squared_euclidean", .choices = metrics,
              .doc = "what is near"),
    EST_FIELD(est_kmeans_options, INT, seed, .doc = "of the choice of centers; 0: the random_seed"),
    EST_FIELD_NOT(est_kmeans_options, "use_mini_batch", full_batch, .doc = "false: each batch must be all of the data"),
    EST_FIELD(est_kmeans_options, INT, mini_batch_steps_per_iteration, .def = 1, .min = 1, .max = 1e18,
              .doc = "steps after which the centers that points are compared with are renewed"),
    EST_FIELD(est_kmeans_options, INT, kmeans_plus_plus_num_retries, .def = 2, .min = -1, .max = INT32_MAX,
              .zero = EST_KMEANS_NO_RETRIES, .doc = "further candidates for each center; -1: more of them for more clusters"),
    EST_FIELD(est_kmeans_options, FLOAT, relative_tolerance, .max = INFINITY, .def_text = "none",
              .doc = "training ends when the loss changes by less than this share"),
    { 0 },
};

static bool is_cosine(const kmeans *m)
{
    return strcmp(m->o.distance_metric, "cosine") == 0;
}

/* Steps of one iteration of mini-batches; 0: full batches. */
static int64_t steps_of(const kmeans *m)
{
    return m->o.full_batch ? 0 : m->o.mini_batch_steps_per_iteration;
}

/* tf.nn.l2_normalize of rows. */
static est_node *normalized(est_graph *g, est_node *x)
{
    est_node *square = est_reduce_sum(g, est_square(g, x), EST_INTS(1), true);
    est_node *above = est_maximum(g, square, est_constant_float(g, 1e-12));
    return est_mul(g, x, est_op(g, "Rsqrt", NULL, EST_NODES(above), EST_NO_ATTRS));
}

/* ---- variables ---- */

typedef struct state {
    est_node *clusters, *initialized;             /* variables */
    est_node *counts;                             /* of points by cluster; NULL: full batches */
    est_node *updated, *update_in_steps;          /* NULL: an iteration is one step */
} state;

static est_node *constant_bool(est_graph *g, bool value)
{
    est_tensor t = { EST_BOOL, EST_SCALAR, &value, NULL };
    return est_constant(g, &t);
}

/* The given centers; else none is a number yet. */
static est_node *first_centers(est_graph *g, const kmeans *m, est_shape shape)
{
    est_tensor *t;
    if (m->o.initial_centers.count == 0)
        return est_filled(g, shape, NAN);
    est_status st = est_tensor_new(EST_FLOAT, &shape, &t);
    if (st != EST_OK)
        return est__spoil(g, st);
    for (size_t i = 0; i < m->o.initial_centers.count; i++)
        ((float *)t->data)[i] = (float)m->o.initial_centers.data[i];
    est_node *centers = est_constant(g, t);
    est_tensor_free(t);
    return is_cosine(m) ? normalized(g, centers) : centers;
}

static est_node *variable(est_graph *g, const char *name, est_dtype dtype, est_shape shape, est_node *initial)
{
    return est_variable(g, name, &(est_variable_options){ .dtype = dtype, .shape = shape, .initial_value = initial,
                                                          .not_trainable = true });
}

static state make_variables(est_graph *g, const kmeans *m, int64_t width)
{
    int64_t steps = steps_of(m);
    est_shape shape = EST_SHAPE(m->o.num_clusters, width), each = EST_SHAPE(m->o.num_clusters);
    est_node *first = first_centers(g, m, shape);
    state s = { .clusters = variable(g, "clusters", EST_FLOAT, shape, first) };
    s.initialized = variable(g, "initialized", EST_BOOL, EST_SCALAR, constant_bool(g, m->o.initial_centers.count > 0));
    if (steps > 1) {
        s.updated = variable(g, "clusters_updated", EST_FLOAT, shape, first);
        s.update_in_steps = variable(g, "update_in_steps", EST_INT64, EST_SCALAR, est_constant_int(g, EST_INT64, steps));
    }
    if (steps > 0)
        s.counts = variable(g, "Variable", EST_INT64, each,
                            steps > 1 ? NULL : est_ones_like(g, est_zeros(g, EST_INT64, each)));
    return s;
}

/* ---- a step ---- */

typedef struct step {
    est_graph *g;
    const kmeans *m;
    const state *s;
    est_node *all;                /* the train op */
    est_node *centers;            /* that points are compared with */
    est_node *started, *done;     /* was, is every center chosen? */
    est_node *sums, *counts;      /* of this batch */
} step;

/* Before all centers are chosen they stay as they are. */
static void assign(const step *t, est_node *to, est_node *value, est_node *until)
{
    est_node *now = est_where(t->g, t->done, value, until);
    est_node_after(t->all, est_op(t->g, "AssignVariableOp", NULL, EST_NODES(to, now), EST_NO_ATTRS));
}

static void full_batch(const step *t)
{
    est_graph *g = t->g;
    est_node *divisor = est_add(g, est_expand_dims(g, t->counts, 1), est_constant_float(g, 1e-6));
    est_node *means = est_div(g, t->sums, divisor);
    assign(t, t->s->clusters, is_cosine(t->m) ? normalized(g, means) : means, t->centers);
}

/* `centers` drawn to the batch's points, each of all that counted equally. */
static est_node *moved(const step *t, est_node *centers, est_node *old_counts)
{
    est_graph *g = t->g;
    est_node *counts = est_expand_dims(g, t->counts, 1);
    est_node *total = est_add(g, est_expand_dims(g, est_cast(g, old_counts, EST_FLOAT), 1), counts);
    est_node *change = est_mul(g, est_sub(g, t->sums, est_mul(g, counts, centers)), est_div(g, est_constant_float(g, 1), total));
    est_node *has_points = est_greater(g, counts, est_constant_float(g, 0));
    return est_where(g, has_points, est_add(g, centers, change), centers);
}

static void mini_batch(const step *t)
{
    est_graph *g = t->g;
    est_node *old = est_read(g, t->s->counts);
    assign(t, t->s->clusters, moved(t, t->centers, old), t->centers);
    assign(t, t->s->counts, est_add(g, old, est_cast(g, t->counts, EST_INT64)), old);
}

/* Batches move a copy, which becomes the clusters after so many steps. */
static void long_iteration(const step *t)
{
    est_graph *g = t->g;
    est_node *left = est_read(g, t->s->update_in_steps), *one = est_constant_int(g, EST_INT64, 1);
    est_node *copy = est_where(g, t->started, est_read(g, t->s->updated), t->centers);
    est_node *renews = est_less_equal(g, left, est_constant_int(g, EST_INT64, 0));
    est_node *read = est_read(g, t->s->counts);
    est_node *old = est_where(g, renews, est_zeros_like(g, read), read);
    assign(t, t->s->clusters, est_where(g, renews, is_cosine(t->m) ? normalized(g, copy) : copy, t->centers), t->centers);
    assign(t, t->s->updated, moved(t, copy, old), t->centers);
    assign(t, t->s->counts, est_add(g, old, est_cast(g, t->counts, EST_INT64)), read);
    assign(t, t->s->update_in_steps,
           est_where(g, renews, est_constant_int(g, EST_INT64, steps_of(t->m) - 1), est_sub(g, left, one)), left);
}

static void train(est_spec *spec, const kmeans *m, const state *s, step *t, est_node *nearest)
{
    est_graph *g = t->g;
    t->m = m;
    t->s = s;
    t->all = est_op(g, "NoOp", "train", (est_nodes){ 0 }, EST_NO_ATTRS);
    t->sums = est_node_output(nearest, 2);
    t->counts = est_node_output(nearest, 3);
    if (steps_of(m) == 0)
        full_batch(t);
    else if (steps_of(m) == 1)
        mini_batch(t);
    else
        long_iteration(t);
    est_node_after(t->all, est_op(g, "AssignVariableOp", NULL, EST_NODES(s->initialized, t->done), EST_NO_ATTRS));
    est_node_after(t->all, est_op(g, "AssignAddVariableOp", NULL,
                                  EST_NODES(est_spec_global_step(spec), est_constant_int(g, EST_INT64, 1)), EST_NO_ATTRS));
    est_spec_train_op(spec, t->all);
    est_spec_loss_tolerance(spec, m->o.relative_tolerance);
}

/* ---- the model ---- */

static est_node *all_distances(est_graph *g, const kmeans *m, est_node *x, est_node *centers)
{
    est_node *product = est_op(g, "MatMul", NULL, EST_NODES(x, centers), EST_ATTRS(EST_BOOL_ATTR("transpose_b", true)));
    if (is_cosine(m))
        return est_sub(g, est_constant_float(g, 1), product);
    est_node *squares = est_reduce_sum(g, est_square(g, x), EST_INTS(1), true);
    est_node *others = est_transpose(g, est_reduce_sum(g, est_square(g, centers), EST_INTS(1), true), EST_INTS(1, 0));
    return est_add(g, est_sub(g, squares, est_mul(g, est_constant_float(g, 2), product)), others);
}

static void predict(est_spec *spec, est_node *distances, est_node *index)
{
    static const char *const output[] = { "output" };
    est_spec_prediction(spec, "all_distances", distances);
    est_spec_prediction(spec, "cluster_index", index);
    est_spec_export_output(spec, "all_distances", "predict", (est_strings){ output, 1 }, EST_NODES(distances));
    est_spec_export_output(spec, "cluster_index", "predict", (est_strings){ output, 1 }, EST_NODES(index));
    est_spec_export_output(spec, "serving_default", "predict", (est_strings){ output, 1 }, EST_NODES(index));
}

static est_status check_width(const kmeans *m, int64_t width)
{
    size_t given = m->o.initial_centers.count;
    if (given && (width <= 0 || given != (size_t)m->o.num_clusters * (size_t)width))
        return est__fail(EST_INVALID_ARGUMENT, "KMeans: initial_clusters holds %zu numbers; %lld clusters of %lld columns are %lld",
                         given, (long long)m->o.num_clusters, (long long)width, (long long)(m->o.num_clusters * width));
    return EST_OK;
}

static est_status model_fn(est_spec *spec, const est_features *features, est_node *labels, est_mode mode, void *user)
{
    const kmeans *m = user;
    est_graph *g = est_spec_graph(spec);
    est_node *x = est_input_layer(g, features, m->o.feature_columns, NULL);
    (void)labels;
    EST_TRY(est_graph_status(g));
    int64_t width = est_node_shape(x)->dim[1];
    EST_TRY(check_width(m, width));
    state s = make_variables(g, m, width);
    bool unit_rows = is_cosine(m) && steps_of(m) != 1;   /* are the clusters kept normalized? */
    x = is_cosine(m) ? normalized(g, x) : x;
    step t = { .g = g, .started = est_read(g, s.initialized), .centers = est_read(g, s.clusters) };
    if (mode == EST_TRAIN && m->o.initial_centers.count == 0) {
        int64_t retries = m->o.kmeans_plus_plus_num_retries;
        t.centers = est_choose_centers(g, x, t.centers, t.started, m->o.initial_clusters, m->o.seed,
                                       retries == EST_KMEANS_NO_RETRIES ? 0 : retries);
        t.done = est_node_output(t.centers, 1);
    } else {
        t.done = t.started;
    }
    est_node *compared = is_cosine(m) && !unit_rows ? normalized(g, t.centers) : t.centers;
    est_node *nearest = est_nearest_centers(g, x, compared), *distance = est_node_output(nearest, 1);
    if (is_cosine(m))
        distance = est_mul(g, distance, est_constant_float(g, 0.5));
    if (mode != EST_TRAIN)
        predict(spec, all_distances(g, m, x, compared), nearest);
    if (mode == EST_PREDICT)
        return EST_OK;
    est_node *loss = est_reduce_sum(g, distance, EST_INTS(0), false);
    est_spec_loss(spec, loss);
    if (mode == EST_EVAL) {
        est_spec_metric(spec, est_metric_mean(g, "score", loss, NULL));
        return EST_OK;
    }
    est_spec_scalar_summary(spec, "loss/raw", loss);
    train(spec, m, &s, &t, nearest);
    return EST_OK;
}

static void free_kmeans(void *user)
{
    kmeans *m = user;
    est__arena_free(&m->arena);
    est__free(m);
}

est_status est_kmeans_new_sized(const est_kmeans_options *options, size_t size, const est_run_config *config, size_t config_size,
                                est_estimator **out)
{
    kmeans *m = est__calloc(1, sizeof *m);
    *out = NULL;
    if (m == NULL)
        return est__canned_no_memory("KMeans");
    est_status st = est__canned_options(&est__canned_kmeans, options, size, &m->o);
    if (st == EST_OK)
        st = est__canned_dense("KMeans", "feature_columns", m->o.feature_columns, "k-means");
    if (st == EST_OK)
        st = est__fields_copy(fields, &m->o, &m->arena);
    for (size_t i = 0; st == EST_OK && i < m->o.initial_centers.count; i++)
        if (!isfinite(m->o.initial_centers.data[i]))
            st = est__fail(EST_INVALID_ARGUMENT, "KMeans: initial_clusters[%zu] is not finite", i);
    if (st != EST_OK) {
        free_kmeans(m);
        return st;
    }
    return est_custom_new_sized(&(est_custom_options){ .name = "KMeans", .model_fn = model_fn, .feature_columns = m->o.feature_columns,
                                                       .user = m, .free_user = free_kmeans },
                                sizeof(est_custom_options), config, config_size, out);
}

static est_status make(const void *options, size_t size, const est_run_config *config, size_t config_size, est_estimator **out)
{
    return est_kmeans_new_sized(options, size, config, config_size, out);
}

const est__canned_kind est__canned_kmeans = {
    .name = "KMeans", .fields = fields, .options_size = sizeof(est_kmeans_options), .make = make };

/* ---- its own verbs ---- */

static est_status check_kind(const est_estimator *e)
{
    return e->model_fn == model_fn ? EST_OK : est__fail(EST_INVALID_ARGUMENT, "%s is no KMeans", e->name);
}

est_status est_kmeans_cluster_centers(est_estimator *e, est_tensor **out)
{
    *out = NULL;
    EST_TRY(check_kind(e));
    return est_get_variable_value(e, "clusters", out);
}

est_status est_kmeans_score(est_estimator *e, est_input_fn input_fn, void *user, double *score)
{
    est_results *r;
    *score = 0;
    EST_TRY(check_kind(e));
    EST_TRY(est_evaluate(e, &(est_evaluate_options){ .input_fn = input_fn, .user = user, .steps = 1 }, &r));
    const double *found = est__results_find(r, "score");
    *score = found ? *found : 0;
    est_results_free(r);
    return EST_OK;
}

typedef struct transforming {
    est_status (*each)(const est_predictions *batch, void *user);
    void *user;
    bool root;
} transforming;

static est_status transform_batch(const est_predictions *batch, void *user)
{
    const transforming *t = user;
    est_tensor *distances;
    EST_TRY(est_tensor_new(EST_FLOAT, &batch->value[0]->shape, &distances));
    const float *from = batch->value[0]->data;
    float *to = distances->data;
    for (int64_t i = 0, n = est_shape_elements(&distances->shape); i < n; i++)
        to[i] = t->root ? sqrtf(from[i] > 0 ? from[i] : 0) : from[i];
    const est_tensor *values[] = { distances };
    est_predictions given = *batch;
    given.value = values;
    est_status st = t->each(&given, t->user);
    est_tensor_free(distances);
    return st;
}

est_status est_kmeans_transform(est_estimator *e, est_input_fn input_fn, void *user,
                                est_status (*each)(const est_predictions *batch, void *user), void *each_user)
{
    EST_TRY(check_kind(e));
    if (each == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "KMeans: transform: each is needed");
    transforming t = { each, each_user, !is_cosine(e->user) };
    return est_predict(e, &(est_predict_options){ .input_fn = input_fn, .user = user, .predict_keys = EST_STRINGS("all_distances"),
                                                  .each = transform_batch, .each_user = &t });
}
