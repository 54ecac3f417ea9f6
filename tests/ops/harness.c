/* Runs the rows of the op harness. */
#include "ops/harness.h"

#include <math.h>
#include <stdarg.h>

#include <estimator/ops.h>

#include "graph/graphdef.h"
#include "ops/ops.h"

/* How the inputs enter the graph. */
typedef enum entry { FED, CONSTANTS, UNKNOWN } entry;

typedef struct subject {
    const op_case *c;
    const op_check *row;
    est_graph *g;
    est_node *in[MOST_INPUTS], *feed[MOST_INPUTS], *out[MOST_OUTPUTS];
    const est_tensor *value[MOST_INPUTS];   /* of the feeds */
    size_t num_feeds, num_out;
} subject;

/* Text for messages; a place is used again after so many. */
static const char *text(const char *format, ...)
{
    static char room[8][600];
    static int next;
    char *to = room[next++ % 8];
    va_list args;
    va_start(args, format);
    vsnprintf(to, sizeof room[0], format, args);
    va_end(args);
    return to;
}

static const char *const entry_names[] = { "fed", "over constants", "of unknown shape" };

static bool is_float(est_dtype t)
{
    return t == EST_FLOAT || t == EST_DOUBLE;
}

/* The graph of one operation over `in`. False, silently when `quiet`: it cannot be built. */
static bool build(subject *s, const op_case *c, est_tensor *const *in, entry how, bool quiet)
{
    *s = (subject){ .c = c };
    if (!EST_CHECK_OK(est_graph_new(&s->g)))
        return false;
    for (size_t i = 0; i < c->num_in; i++) {
        est_shape shape = in[i]->shape;
        if (how != FED && !is_float(in[i]->dtype)) {
            s->in[i] = est_constant(s->g, in[i]);
            continue;
        }
        for (int d = 0; d < shape.rank && how == UNKNOWN; d++)
            shape.dim[d] = -1;
        s->in[i] = s->feed[s->num_feeds] = est_placeholder(s->g, text("x%zu", i), in[i]->dtype, shape);
        s->value[s->num_feeds++] = in[i];
    }
    est_node *n = est_op(s->g, c->op, "op", (est_nodes){ s->in, c->num_in },
                         (est_attrs){ c->attr, c->num_attrs });
    if (est_graph_status(s->g) != EST_OK)
        return quiet
                   ? false
                   : est_test_ok(est_graph_status(s->g), EST_HERE(text("%s %s", c->name, entry_names[how])));
    s->num_out = (size_t)n->op->num_outputs;
    for (size_t i = 0; i < s->num_out; i++)
        s->out[i] = est_node_output(n, (int)i);
    return true;
}

/* ---- running ---- */
typedef struct runner {
    est__resources *resources;
    est__plan *plan;
    est__run *run;
} runner;

static void end(runner *r)
{
    est__run_free(r->run);
    est__plan_free(r->plan);
    est__resources_free(r->resources);
    *r = (runner){ 0 };
}

static bool start(runner *r, const est_graph *g, est_nodes feeds, est_nodes fetches, bool unfused,
                  const char *what)
{
    *r = (runner){ 0 };
    if (!EST_CHECK_OK(est__resources_new(&r->resources)))
        return false;
    est__plan_options options = {
        .resources = r->resources, .feeds = feeds, .fetches = fetches, .unfused = unfused
    };
    if (est_test_ok(est__plan_new(g, &options, &r->plan), EST_HERE(what)) &&
        est_test_ok(est__run_new(r->plan, NULL, &r->run), EST_HERE(what)))
        return true;
    end(r);
    return false;
}

static bool start_and_step(runner *r, const subject *s, est_nodes fetches, bool unfused, const char *what)
{
    if (!start(r, s->g, (est_nodes){ s->feed, s->num_feeds }, fetches, unfused, what))
        return false;
    if (est_test_ok(est__run_step(r->run, s->value, 0), EST_HERE(what)))
        return true;
    end(r);
    return false;
}

static void same_bits(const est_tensor *a, const est_tensor *b, const char *what)
{
    size_t n = est__tensor_bytes(a);
    if (op_near(a, b, 0, what) && a->dtype != EST_STRING)
        est_test_bytes(a->data, n, b->data, est__tensor_bytes(b), EST_HERE(what));
}

/* ---- forward ---- */
static void check_forward(const op_case *c, const op_check *row, entry how)
{
    const char *what = text("%s %s", c->name, entry_names[how]);
    subject s;
    runner r;
    if (build(&s, c, c->in, how, false) &&
        start_and_step(&r, &s, (est_nodes){ s.out, s.num_out }, false, what)) {
        est_test_int((int64_t)s.num_out, (int64_t)c->num_out, EST_HERE(what));
        for (size_t i = 0; i < c->num_out && i < s.num_out; i++) {
            const est_tensor *got = est__run_fetch(r.run, i);
            char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
            op_near(got, c->out[i], row->tolerance ? row->tolerance : 2e-6, what);
            if (!est__shape_compatible(est_node_shape(s.out[i]), &got->shape))
                est_test_str(est__shape_string(a, est_node_shape(s.out[i])),
                             est__shape_string(b, &got->shape), EST_HERE(what));
        }
        end(&r);
    }
    est_graph_free(s.g);
}

/* A chain of elementwise operations after the first float output: fused, its bits are those of single steps.
 */
static void check_fusion(const op_case *c)
{
    subject s;
    runner fused, single;
    if (c->num_out > 0 && is_float(c->out[0]->dtype) && build(&s, c, c->in, FED, false)) {
        est_node *y = s.out[0], *scaled = est_mul(s.g, y, est__scalar_like(s.g, y, 0.7));
        est_node *chain = est_add(s.g, est_tanh(s.g, scaled), est_sub(s.g, y, est_neg(s.g, scaled)));
        est_nodes fetches = { &chain, 1 };
        if (start_and_step(&fused, &s, fetches, false, c->name)) {
            if (start_and_step(&single, &s, fetches, true, c->name)) {
                same_bits(est__run_fetch(fused.run, 0), est__run_fetch(single.run, 0),
                          text("%s fused", c->name));
                end(&single);
            }
            end(&fused);
        }
        est_graph_free(s.g);
    }
}

/* ---- GraphDef out and in ---- */
static void check_graphdef(const op_case *c)
{
    const char *what = text("%s out and in", c->name);
    est__arena arena = { 0 };
    Tensorflow__GraphDef *def;
    subject s, again;
    runner before, after;
    if (!build(&s, c, c->in, CONSTANTS, false)) {
        est_graph_free(s.g);
        return;
    }
    again = s;
    if (est_test_ok(est__graph_export(s.g, &arena, &def), EST_HERE(what)) &&
        EST_CHECK_OK(est_graph_new(&again.g))) {
        const char *wanted[MOST_INPUTS + 1] = { "op" };
        for (size_t i = 0; i < s.num_feeds; i++)
            wanted[i + 1] = est_node_name(s.feed[i]);
        if (est_test_ok(est__graph_import(again.g, def, (est_strings){ wanted, s.num_feeds + 1 }),
                        EST_HERE(what))) {
            for (size_t i = 0; i < s.num_feeds; i++)
                again.feed[i] = est_graph_node(again.g, wanted[i + 1]);
            for (size_t i = 0; i < s.num_out; i++)
                again.out[i] = est_node_output(est_graph_node(again.g, "op"), (int)i);
            if (start_and_step(&before, &s, (est_nodes){ s.out, s.num_out }, false, what)) {
                if (start_and_step(&after, &again, (est_nodes){ again.out, s.num_out }, false, what)) {
                    for (size_t i = 0; i < s.num_out; i++)
                        same_bits(est__run_fetch(after.run, i), est__run_fetch(before.run, i), what);
                    end(&after);
                }
                end(&before);
            }
        }
        est_graph_free(again.g);
    }
    est__arena_free(&arena);
    est_graph_free(s.g);
}

/* ---- gradients ---- */
static est_tensor *as_double(const est_tensor *t)
{
    est_tensor *d;
    if (t->dtype != EST_FLOAT)
        return EST_CHECK_OK(est_tensor_copy(t, &d)) ? d : NULL;
    if (!EST_CHECK_OK(est_tensor_new(EST_DOUBLE, &t->shape, &d)))
        return NULL;
    for (int64_t i = 0; i < est__tensor_elements(t); i++)
        ((double *)d->data)[i] = (double)((const float *)t->data)[i];
    return d;
}

/* sum(y * weights) over the float outputs, the weights all different. NULL: there is none. */
static est_node *weighted_sum(const subject *s, size_t outputs)
{
    est_node *sum = NULL;
    for (size_t i = 0; i < s->num_out && (outputs == 0 || i < outputs); i++) {
        if (!is_float(est_node_dtype(s->out[i])))
            continue;
        est_tensor *w;
        if (!EST_CHECK_OK(est_tensor_new(est_node_dtype(s->out[i]), &s->c->out[i]->shape, &w)))
            return NULL;
        for (int64_t j = 0; j < est__tensor_elements(w); j++)
            est__tensor_set(w, j, sin(1.3 * (double)j + (double)i + 0.4));
        est_node *part = est_reduce_sum(s->g, est_mul(s->g, s->out[i], est_constant(s->g, w)), EST_ALL_AXES,
                                        false);
        sum = sum ? est_add(s->g, sum, est_cast(s->g, part, est_node_dtype(sum))) : part;
        est_tensor_free(w);
    }
    return sum;
}

/* Rows of slices as a dense gradient. */
static est_node *dense(est_graph *g, const est_gradient *d, const est_tensor *x)
{
    if (d->value == NULL || d->indices == NULL)
        return d->value;
    return est_op(g, "UnsortedSegmentSum", NULL,
                  EST_NODES(d->value, d->indices, est_constant_int(g, EST_INT32, x->shape.dim[0])),
                  EST_NO_ATTRS);
}

static double value_of(const runner *r)
{
    return est__tensor_get(est__run_fetch(r->run, 0), 0);
}

/* The gradient to feed i, element by element, against (y(x+h) - y(x-h)) / 2h. */
static void compare_gradient(subject *s, runner *loss, const est_tensor *gradient, size_t feed,
                             const char *what)
{
    est_tensor *x = (est_tensor *)s->value[feed];
    double *v = x->data;
    if (gradient != NULL && !est_shape_equal(&gradient->shape, &x->shape)) {
        char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
        est_test_str(est__shape_string(a, &gradient->shape), est__shape_string(b, &x->shape), EST_HERE(what));
        return;
    }
    for (int64_t i = 0; i < est__tensor_elements(x); i++) {
        const double at = v[i], h = 1e-5;
        double up, down;
        v[i] = at + h;
        if (!est_test_ok(est__run_step(loss->run, s->value, 0), EST_HERE(what)))
            return;
        up = value_of(loss);
        v[i] = at - h;
        if (!est_test_ok(est__run_step(loss->run, s->value, 0), EST_HERE(what)))
            return;
        down = value_of(loss);
        v[i] = at;
        double wanted = (up - down) / (2 * h), got = gradient ? est__tensor_get(gradient, i) : 0;
        double slack = 1e-5 * (fabs(wanted) + 1);
        if (!(fabs(got - wanted) <= slack)) {
            est_test_near(got, wanted, slack, EST_HERE(text("%s to x%zu[%lld]", what, feed, (long long)i)));
            return;
        }
    }
}

static void gradients_of(subject *s, const char *what, size_t outputs, bool may_fail)
{
    est_gradient d[MOST_INPUTS];
    est_node *y = weighted_sum(s, outputs), *fetch[MOST_INPUTS];
    size_t place[MOST_INPUTS], n = 0;
    runner loss, back;
    if (y == NULL || s->num_feeds == 0)
        return;
    est_status st = est_gradients(s->g, y, (est_nodes){ s->feed, s->num_feeds }, d);
    if (st != EST_OK) {
        if (!may_fail)
            est_test_ok(st, EST_HERE(what));
        return;
    }
    for (size_t i = 0; i < s->num_feeds; i++) {
        est_node *dx = dense(s->g, &d[i], s->value[i]);
        place[i] = n;
        if (dx != NULL)
            fetch[n++] = dx;
        else
            place[i] = SIZE_MAX;
    }
    if (!start_and_step(&loss, s, (est_nodes){ &y, 1 }, true, what))
        return;
    if (n == 0 || start_and_step(&back, s, (est_nodes){ fetch, n }, false, what)) {
        for (size_t i = 0; i < s->num_feeds; i++)
            compare_gradient(s, &loss, place[i] == SIZE_MAX ? NULL : est__run_fetch(back.run, place[i]), i,
                             what);
        if (n > 0)
            end(&back);
    }
    end(&loss);
}

static void check_gradient(const op_case *c, const op_check *row, entry how)
{
    est_tensor *in[MOST_INPUTS];
    subject s;
    size_t floats = 0;
    for (size_t i = 0; i < c->num_in; i++) {
        in[i] = as_double(c->in[i]);
        floats += in[i]->dtype == EST_DOUBLE;
    }
    /* An op that knows no double has no gradient to check. */
    if (floats > 0 && build(&s, c, in, how, true) && s.out[0]->op->row->grad != NULL)
        gradients_of(&s, text("gradient of %s %s", c->name, entry_names[how]), row->gradient_outputs,
                     how == UNKNOWN && row->dynamic_gradient_fails);
    if (floats > 0)
        est_graph_free(s.g);
    for (size_t i = 0; i < c->num_in; i++)
        est_tensor_free(in[i]);
}

/* ---- rows ---- */
static struct {
    const op_check *rows;
    bool seen[512];
} now;

/* As make_ops.py names the case of a row. */
static bool is_case_of(const op_check *row, const char *name)
{
    char wanted[512];
    int n = snprintf(wanted, sizeof wanted, "%s(%s)%s", row->op, row->inputs, row->attrs ? row->attrs : "");
    for (int i = 0; i < n; i++)
        if (wanted[i] == ' ')
            wanted[i] = '_';
    return strcmp(wanted, name) == 0;
}

static void check_case(const op_case *c)
{
    const op_check *row = now.rows;
    while (row->op && !is_case_of(row, c->name))
        row++;
    if (row->op == NULL)
        return;
    now.seen[row - now.rows] = true;
    for (entry how = FED; how <= UNKNOWN; how++)
        check_forward(c, row, how);
    check_fusion(c);
    check_graphdef(c);
    if (!row->no_gradient) {
        check_gradient(c, row, CONSTANTS);
        check_gradient(c, row, UNKNOWN);
    }
}

void op_checks_run(const op_check *rows)
{
    memset(&now, 0, sizeof now);
    now.rows = rows;
    op_cases_each(EST_TEST_DATA("tests/golden/ops.txt"), check_case);
    for (const op_check *row = rows; row->op; row++)
        if (!now.seen[row - rows])
            est_test_str(text("%s(%s)%s", row->op, row->inputs, row->attrs ? row->attrs : ""),
                         "a recorded case: run tests/golden/make_ops.py", EST_HERE("rows"));
}
