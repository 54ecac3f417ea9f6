/* The ops of variables, optimizers, strings, parsing and sparse tensors against TensorFlow's answers. */
#include <estimator/ops.h>

#include "ops/cases.h"

static int num_cases;

static bool set_table(est__resources *resources, const est_tensor *value)
{
    est__variable *v = (est__variable *)est__resources_find(resources, "table");
    if (!EST_CHECK(v != NULL))
        return false;
    memcpy(v->value->data, value->data, est__tensor_bytes(value));
    return v->initialized = true;
}

/* The gradient of sum(lookup * weight) to the table, spread over its rows. inputs: table, indices, ids,
 * dense_shape, weight. */
static void check_lookup_gradient(const op_case *c)
{
    est_graph *g = NULL;
    est_gradient d;
    est__resources *resources = NULL;
    est__plan *plan = NULL;
    est__run *run = NULL;
    EST_NEED_OK(est_graph_new(&g));
    est_node *table =
        est_op(g, "VarHandleOp", "table", (est_nodes){ 0 },
               EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT), EST_SHAPE_ATTR("shape", &c->in[0]->shape)));
    est_node *x[3];
    for (int i = 0; i < 3; i++)
        x[i] = est_constant(g, c->in[i + 1]);
    est_node *y = est_safe_embedding_lookup_sparse(g, table, x[0], x[1], x[2], c->attr[0].s.p);
    est_node *loss = est_reduce_sum(g, est_mul(g, y, est_constant(g, c->in[4])), EST_ALL_AXES, false);
    if (EST_CHECK_OK(est_gradients(g, loss, EST_NODES(table), &d)) && EST_CHECK(d.indices != NULL) &&
        EST_CHECK_OK(est__resources_new(&resources))) {
        est_node *fetch[] = { d.value, d.indices, loss };   /* the loss wants the table */
        est__plan_options options = { .resources = resources, .fetches = { fetch, 3 } };
        if (EST_CHECK_OK(est__plan_new(g, &options, &plan)) && set_table(resources, c->in[0]) &&
            EST_CHECK_OK(est__run_new(plan, NULL, &run)) && EST_CHECK_OK(est__run_step(run, NULL, 0))) {
            const est_tensor *rows = est__run_fetch(run, 0), *ids = est__run_fetch(run, 1);
            est_tensor *dense;
            int64_t width = c->in[0]->shape.dim[1];
            EST_CHECK_OK(est_tensor_new(EST_FLOAT, &c->in[0]->shape, &dense));
            for (int64_t i = 0; i < est__tensor_elements(ids); i++)
                for (int64_t j = 0; j < width; j++)
                    ((float *)dense->data)[((const int64_t *)ids->data)[i] * width + j] +=
                        ((const float *)rows->data)[i * width + j];
            op_near(dense, c->out[0], 2e-6, c->name);
            est_tensor_free(dense);
        }
    }
    est__run_free(run);
    est__plan_free(plan);
    est__resources_free(resources);
    est_graph_free(g);
}

static void check_case(const op_case *c)
{
    num_cases++;
    if (strcmp(c->op, "gradient") == 0)
        check_lookup_gradient(c);
    else
        op_case_run(c);
    if (strncmp(c->op, "SparseSegment", 13) == 0 || strcmp(c->name, "SparseFillEmptyRows_float") == 0)
        op_case_gradient(c);
}

static void agrees_with_tensorflow(void)
{
    num_cases = 0;
    op_cases_each(EST_TEST_DATA("tests/golden/ops_sparse.txt"), check_case);
    EST_CHECK(num_cases > 100);
}

EST_SUITE(ops_recorded, EST_TEST(agrees_with_tensorflow));
