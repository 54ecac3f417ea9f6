/* The ops of variables, optimizers, strings, parsing and sparse tensors against TensorFlow's answers. */
#include <math.h>

#include <estimator/ops.h>

#include "ops/cases.h"
#include "ops/once.h"

static int num_cases;

static bool set_table(est__resources *resources, const est_tensor *value)
{
    est__variable *v = (est__variable *)est__resources_find(resources, "table");
    if (!EST_CHECK(v != NULL))
        return false;
    memcpy(v->value->data, value->data, est__tensor_bytes(value));
    return v->initialized = true;
}

/* sum(lookup * dy) with its gradients to the table, spread over its rows, and to the weights of the ids.
 * inputs: table, indices, ids, dense_shape, dy and, maybe, weights. */
typedef struct lookup_trial {
    const op_case *c;
    est_graph *g;
    est_node *fetch[4], *weights;      /* loss, rows, ids, gradient to the weights */
    size_t count;
} lookup_trial;

static bool build_lookup(lookup_trial *t, const op_case *c)
{
    est_node *in[5];
    est_gradient d[2];
    *t = (lookup_trial){ .c = c, .count = c->num_in > 5 ? 4 : 3 };
    if (!EST_CHECK_OK(est_graph_new(&t->g)))
        return false;
    in[0] = est_op(t->g, "VarHandleOp", "table", (est_nodes){ 0 },
                   EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT), EST_SHAPE_ATTR("shape", &c->in[0]->shape)));
    for (int i = 1; i < 4; i++)
        in[i] = est_constant(t->g, c->in[i]);
    in[4] = t->weights = est_placeholder(t->g, "weights", EST_FLOAT, EST_SHAPE(-1));
    est_node *y = est_op(t->g, "EstSafeEmbeddingLookupSparse", "y", (est_nodes){ in, c->num_in - 1 },
                         (est_attrs){ c->attr, c->num_attrs });
    t->fetch[0] = est_reduce_sum(t->g, est_mul(t->g, y, est_constant(t->g, c->in[4])), EST_ALL_AXES, false);
    if (!EST_CHECK_OK(est_gradients(t->g, t->fetch[0], EST_NODES(in[0], in[4]), d)) ||
        !EST_CHECK(d[0].indices != NULL))
        return false;
    t->fetch[1] = d[0].value;
    t->fetch[2] = d[0].indices;
    t->fetch[3] = d[1].value;
    return true;
}

static bool loss_at(est__run *run, const op_case *c, double *loss)
{
    const est_tensor *feed = c->num_in > 5 ? c->in[5] : NULL;
    bool ok = EST_CHECK_OK(est__run_step(run, &feed, 0));
    *loss = ok ? est__tensor_get(est__run_fetch(run, 0), 0) : 0;
    return ok;
}

/* The slope at each element of x, which the run reads. */
static void check_slopes(est__run *run, const op_case *c, est_tensor *x, const est_tensor *gradient)
{
    const float step = 1.0f / 128;
    for (int64_t i = 0; i < est__tensor_elements(x); i++) {
        float *at = (float *)x->data + i, was = *at;
        double up, down;
        *at = was + step;
        bool ok = loss_at(run, c, &up);
        *at = was - step;
        ok = loss_at(run, c, &down) && ok;
        *at = was;
        double wanted = est__tensor_get(gradient, i);
        if (ok)
            est_test_near((up - down) / (2 * (double)step), wanted, 2e-3 * (1 + fabs(wanted)),
                          EST_HERE(c->name));
    }
}

static void check_lookup_run(const lookup_trial *t, est__resources *resources, est__run *run, bool slopes)
{
    const op_case *c = t->c;
    est_tensor *dense = NULL, *table = ((est__variable *)est__resources_find(resources, "table"))->value;
    double loss;
    int64_t width = c->in[0]->shape.dim[1];
    if (!loss_at(run, c, &loss) || !EST_CHECK_OK(est_tensor_new(EST_FLOAT, &c->in[0]->shape, &dense)))
        return;
    const est_tensor *rows = est__run_fetch(run, 1), *ids = est__run_fetch(run, 2);
    for (int64_t i = 0; i < est__tensor_elements(ids); i++)
        for (int64_t j = 0; j < width; j++)
            ((float *)dense->data)[((const int64_t *)ids->data)[i] * width + j] +=
                ((const float *)rows->data)[i * width + j];
    op_near(dense, c->out[0], 2e-6, c->name);
    if (t->count > 3)
        op_near(est__run_fetch(run, 3), c->out[1], 1e-5, c->name);   /* differences of what is alike */
    if (slopes)
        check_slopes(run, c, table, c->out[0]);
    if (slopes && t->count > 3)
        check_slopes(run, c, c->in[5], c->out[1]);
    est_tensor_free(dense);
}

static void run_lookup(const lookup_trial *t, bool slopes)
{
    est__resources *resources = NULL;
    est__plan *plan = NULL;
    est__run *run = NULL;
    if (EST_CHECK_OK(est__resources_new(&resources))) {
        est__plan_options options = { .resources = resources, .fetches = { t->fetch, t->count },
                                      .feeds = { &t->weights, t->count > 3 } };
        if (EST_CHECK_OK(est__plan_new(t->g, &options, &plan)) && set_table(resources, t->c->in[0]) &&
            EST_CHECK_OK(est__run_new(plan, NULL, &run)))
            check_lookup_run(t, resources, run, slopes);
    }
    est__run_free(run);
    est__plan_free(plan);
    est__resources_free(resources);
}

/* By kernels, and by the bodies of the composites. */
static void check_lookup_gradient(const op_case *c)
{
    lookup_trial t;
    if (build_lookup(&t, c)) {
        lookup_trial spelt = t;
        est_node *kept[5];
        run_lookup(&t, true);
        memcpy(kept, t.fetch, sizeof t.fetch);
        kept[t.count] = t.weights;
        est_node *became[5];
        if (EST_CHECK_OK(est__graph_expand(t.g, (est_nodes){ kept, t.count + 1 }, false, &spelt.g, became))) {
            memcpy(spelt.fetch, became, sizeof spelt.fetch);
            spelt.weights = became[t.count];
            run_lookup(&spelt, false);
            est_graph_free(spelt.g);
        }
    }
    est_graph_free(t.g);
}

/* The ids that the gradient of a lookup in `of` examples names, each looking up the one id that it has; `room` for four. */
static int64_t named_ids(est_ints at, est_ints ids, int64_t of, bool safe, int64_t room[4])
{
    once o;
    est_gradient d = { 0 };
    int64_t n = 0;
    if (!EST_CHECK(once_begin(&o)))
        return -1;
    est_node *w = once_table(&o, "w", 4, 2);
    est_node *y = est_op(o.g, "EstSafeEmbeddingLookupSparse", "y",
                         EST_NODES(w, once_pairs(&o, at), once_ints(&o, ids), once_ints(&o, EST_INTS(of, 1))),
                         EST_ATTRS(EST_STRING_ATTR("combiner", "mean"), EST_BOOL_ATTR("safe", safe)));
    if (EST_CHECK_OK(est_gradients(o.g, est_reduce_sum(o.g, y, EST_ALL_AXES, false), EST_NODES(w), &d)) &&
        EST_CHECK_OK(once_run(&o, EST_NODES(d.indices, d.value), (est_nodes){ 0 }))) {
        n = est__tensor_elements(once_fetch(&o, 0));
        memcpy(room, once_fetch(&o, 0)->data, (size_t)(n < 4 ? n : 4) * sizeof *room);
        for (int64_t i = 0; i < n && i < 4; i++) {
            bool looked_up = false;
            for (size_t k = 0; k < ids.count; k++)
                looked_up = looked_up || ids.data[k] == room[i];
            EST_CHECK_NEAR(((const float *)once_fetch(&o, 1)->data)[2 * i], looked_up, 0);
        }
    }
    once_end(&o);
    return n;
}

/* TensorFlow looks up id 0 for an example without ids: the gradient names that row, with zeros, after those that are looked up. */
static void examples_without_ids_name_row_0(void)
{
    int64_t id[4];
    if (EST_CHECK_INT(named_ids(EST_INTS(1, 0, 2, 0), EST_INTS(3, 2), 3, true, id), 3))
        EST_CHECK(id[0] == 3 && id[1] == 2 && id[2] == 0);
    if (EST_CHECK_INT(named_ids(EST_INTS(0, 0, 1, 0), EST_INTS(3, 2), 2, true, id), 2))
        EST_CHECK(id[0] == 3 && id[1] == 2);
    if (EST_CHECK_INT(named_ids(EST_INTS(0, 0, 1, 0), EST_INTS(3, -1), 2, true, id), 2))
        EST_CHECK(id[0] == 3 && id[1] == 0);
    if (EST_CHECK_INT(named_ids(EST_INTS(0, 0, 2, 0), EST_INTS(3, 0), 3, true, id), 2))
        EST_CHECK(id[0] == 3 && id[1] == 0);
    if (EST_CHECK_INT(named_ids(EST_INTS(1, 0), EST_INTS(3), 2, false, id), 1))
        EST_CHECK_INT(id[0], 3);
}

static void check_case(const op_case *c)
{
    num_cases++;
    if (strcmp(c->op, "gradient") == 0)
        check_lookup_gradient(c);
    else
        op_case_run(c);
    bool moves = strcmp(c->op, "SparseReorder") == 0 || strcmp(c->op, "SparseSlice") == 0;
    if (strncmp(c->op, "SparseSegment", 13) == 0 || (moves && c->in[1]->dtype == EST_FLOAT) || strcmp(c->name, "SparseFillEmptyRows_float") == 0 ||
        (strcmp(c->op, "SegmentSum") == 0 && c->in[0]->dtype == EST_FLOAT))
        op_case_gradient(c);
}

static void agrees_with_tensorflow(void)
{
    num_cases = 0;
    op_cases_each(EST_TEST_DATA("tests/golden/ops_sparse.txt"), check_case);
    EST_CHECK(num_cases > 100);
}

EST_SUITE(ops_recorded, EST_TEST(agrees_with_tensorflow), EST_TEST(examples_without_ids_name_row_0));
