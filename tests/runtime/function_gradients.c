/* Gradients through calls, branches and loops: against central differences in double, after a way through GraphDef,
 * and where there is none, word for word. */
#include <math.h>

#include "golden/control.inc"
#include "graph/lab.h"

enum { ELEMENTS = 3 };

/* x, of doubles, and what else the functions take of the outside. */
typedef struct outside {
    est_node *x, *p, *n, *v, *w;
} outside;

static est_node *number(est_graph *g, double v)
{
    return est_cast(g, est_constant_float(g, v), EST_DOUBLE);
}

static est_node *total(est_graph *g, est_node *x)
{
    return est_reduce_sum(g, x, EST_ALL_AXES, false);
}

/* ---- the lab ---- */

static bool begin(lab *l, outside *o)
{
    static const double at[ELEMENTS] = { 0.5, -1.25, 2 };
    est_shape shape = EST_SHAPE(ELEMENTS);
    est_tensor *x;
    if (!EST_CHECK(lab_begin(l)) || !EST_CHECK_OK(est_tensor_new(EST_DOUBLE, &shape, &x)))
        return false;
    memcpy(x->data, at, sizeof at);
    o->x = lab_feed(l, "x", EST_SHAPE(-1), lab_keep(l, x));
    o->p = lab_feed(l, "p", EST_SCALAR, lab_floats(l, EST_SCALAR, (float[]){ 1 }));
    o->n = lab_feed(l, "n", EST_SCALAR, lab_ints(l, EST_INT32, EST_SCALAR, (int64_t[]){ 3 }));
    o->v = lab_variable(l, "v", EST_SHAPE(2, 3), (float[]){ 1, -2, 3, 0.5f, 0.25f, -1 });
    o->w = est_cast(l->g, est_constant_float(l->g, 0.75), EST_DOUBLE);
    return EST_CHECK(lab_initialize(l));
}

static void feed_int(lab *l, size_t feed, int64_t value)
{
    l->value[feed] = feed == 1 ? lab_floats(l, EST_SCALAR, (float[]){ (float)value })
                               : lab_ints(l, EST_INT32, EST_SCALAR, &value);
}

static double run_at(est__run *run, const lab *l, size_t fetch, int64_t i)
{
    return EST_CHECK_OK(est__run_step(run, l->value, 0)) ? est__tensor_get(est__run_fetch(run, fetch), i) : NAN;
}

/* dy/dx is as central differences of y have it, with the feeds of now. */
static void differs(lab *l, est_node *y, est_node *dx)
{
    est__plan *plan = NULL;
    est__run *run = NULL;
    double *at = ((est_tensor *)(uintptr_t)l->value[0])->data, step = 1e-5;
    est__plan_options o = { .resources = l->resources, .feeds = { l->feed, l->num_feeds }, .fetches = EST_NODES(y, dx), .seed = 1 };
    if (EST_CHECK_OK(est__plan_new(l->g, &o, &plan)) && EST_CHECK_OK(est__run_new(plan, NULL, &run)))
        for (int i = 0; i < ELEMENTS; i++) {
            double slope = run_at(run, l, 1, i), middle = at[i];
            at[i] = middle + step;
            double above = run_at(run, l, 0, 0);
            at[i] = middle - step;
            double below = run_at(run, l, 0, 0);
            at[i] = middle;
            EST_CHECK_NEAR(slope, (above - below) / (2 * step), 1e-6 * (1 + fabs(slope)));
        }
    est__run_free(run);
    est__plan_free(plan);
}

/* The gradient's value now, which it has after a way through GraphDef as well. */
static void is_kept(lab *l, est_node *d)
{
    lab_gives(l, d, lab_value(l, d));
}

/* ---- branches ---- */

static void polynomial(est_graph *g, est_nodes in, est_node **r, void *user)
{
    const outside *o = user;
    (void)in;
    r[0] = est_mul(g, est_square(g, o->x), est_sigmoid(g, o->x));
    r[1] = est_mul(g, total(g, o->x), o->w);
}

static void product(est_graph *g, est_nodes in, est_node **r, void *user)
{
    const outside *o = user;
    (void)in;
    r[0] = est_exp(g, est_mul(g, o->x, number(g, 0.5)));
    r[1] = number(g, 7);
}

static void either(void)
{
    lab l;
    outside o;
    est_gradient d[2];
    EST_NEED(begin(&l, &o));
    est_node *c = est_cond(l.g, o.p, polynomial, product, 2, &o);
    est_node *y = est_add(l.g, total(l.g, est_square(l.g, c)), est_node_output(c, 1));
    EST_NEED_OK(est_gradients(l.g, y, EST_NODES(o.x), d));
    EST_CHECK_STR(est_node_type(c), "IdentityN");      /* of the branches with what their gradients take */
    for (int p = 0; p < 2; p++) {
        feed_int(&l, 1, p);
        differs(&l, y, d[0].value);
        is_kept(&l, d[0].value);
        is_kept(&l, c);
    }
    EST_NEED_OK(est_gradients(l.g, est_node_output(c, 1), EST_NODES(o.x, o.w), d));   /* once more, of another result */
    feed_int(&l, 1, 1);
    differs(&l, est_node_output(c, 1), d[0].value);
    EST_CHECK_STR(lab_value(&l, d[1].value), "float64[] 1.25");
    lab_end(&l);
}

static void inner(est_graph *g, est_nodes in, est_node **r, void *user)
{
    const outside *o = user;
    est_node *sum = total(g, o->x);
    r[0] = est_mul(g, est_tanh(g, o->x), est_cond(g, est_greater(g, sum, number(g, 1)), polynomial, product, 2, user));
    r[1] = est_sub(g, sum, est_square(g, sum));
    (void)in;
}

static void branches_within_branches(void)
{
    lab l;
    outside o;
    est_gradient d;
    EST_NEED(begin(&l, &o));
    est_node *c = est_cond(l.g, o.p, inner, product, 2, &o);
    est_node *y = est_mul(l.g, total(l.g, c), est_node_output(c, 1));
    EST_NEED_OK(est_gradients(l.g, y, EST_NODES(o.x), &d));
    for (int i = 0; i < 4; i++) {
        feed_int(&l, 1, i & 1);
        ((double *)l.value[0]->data)[2] = i & 2 ? 2 : 1.5;      /* the sum is above or below 1 */
        differs(&l, y, d.value);
        is_kept(&l, d.value);
    }
    lab_end(&l);
}

/* Variables that are read within, one whole, one by rows; and one that is read in one branch alone. */
static void reads(est_graph *g, est_nodes in, est_node **r, void *user)
{
    const outside *o = user;
    (void)in;
    r[0] = est_square(g, est_read(g, o->v));
}

static void gathers(est_graph *g, est_nodes in, est_node **r, void *user)
{
    const outside *o = user;
    (void)in;
    r[0] = est_op(g, "ResourceGather", NULL, EST_NODES(o->v, est_constant_ints(g, EST_INT32, EST_INTS(1, 1))),
                  EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT)));
}

static void nothing(est_graph *g, est_nodes in, est_node **r, void *user)
{
    (void)in;
    (void)user;
    r[0] = est_constant_float(g, 5);
}

static void variables(void)
{
    lab l;
    outside o;
    est_gradient d[3];
    EST_NEED(begin(&l, &o));
    est_node *a = est_cond(l.g, o.p, reads, gathers, 1, &o), *b = est_cond(l.g, o.p, nothing, reads, 1, &o),
             *c = est_cond(l.g, o.p, nothing, nothing, 1, &o);
    EST_NEED_OK(est_gradients(l.g, a, EST_NODES(o.v), &d[0]));
    EST_NEED_OK(est_gradients(l.g, b, EST_NODES(o.v), &d[1]));
    EST_NEED_OK(est_gradients(l.g, c, EST_NODES(o.v), &d[2]));
    EST_CHECK(d[2].value == NULL);
    lab_gives(&l, d[0].value, "float32[2,3] 2 -4 6 1 0.5 -2");
    lab_gives(&l, d[1].value, "float32[2,3] 0 0 0 0 0 0");
    feed_int(&l, 1, 0);
    lab_gives(&l, d[0].value, "float32[2,3] 0 0 0 2 2 2");
    lab_gives(&l, d[1].value, "float32[2,3] 2 -4 6 1 0.5 -2");
    lab_end(&l);
}

static void same(est_graph *g, est_nodes in, est_node **r, void *user)
{
    (void)g;
    (void)in;
    r[0] = ((const outside *)user)->x;
    r[1] = ((const outside *)user)->w;
}

static void one_of_several(void)
{
    lab l;
    outside o;
    est_gradient d;
    static const est_function_fn branches[] = { polynomial, product, same };
    EST_NEED(begin(&l, &o));
    est_node *c = est_case(l.g, o.n, branches, 3, 2, &o);
    EST_CHECK_STR(est_node_type(c), "StatelessCase");
    est_node *y = est_add(l.g, total(l.g, est_square(l.g, c)), est_node_output(c, 1));
    EST_NEED_OK(est_gradients(l.g, y, EST_NODES(o.x), &d));
    for (int i = -1; i < 4; i++) {      /* what is no branch's number means the last */
        feed_int(&l, 2, i);
        differs(&l, y, d.value);
        is_kept(&l, d.value);
        is_kept(&l, c);
    }
    est_case(l.g, o.n, branches, 0, 2, &o);
    EST_CHECK_FAILS(est_graph_status(l.g), EST_INVALID_ARGUMENT, "est_case: it has no branches; 1 at least is wanted");
    lab_end(&l);
}

/* ---- loops ---- */

static void below_n(est_graph *g, est_nodes in, est_node **r, void *user)
{
    r[0] = est_less(g, in.data[0], ((outside *)user)->n);
}

/* (i, h, unused) becomes (i + 1, tanh(w h + x), h): x and w are taken from outside. */
static void recur(est_graph *g, est_nodes in, est_node **r, void *user)
{
    const outside *o = user;
    r[0] = est_add(g, in.data[0], est_constant_int(g, EST_INT32, 1));
    r[1] = est_tanh(g, est_add(g, est_mul(g, in.data[1], o->w), o->x));
    r[2] = est_square(g, in.data[1]);
}

static void over_and_over(void)
{
    lab l;
    outside o;
    est_gradient d[2];
    EST_NEED(begin(&l, &o));
    est_node *zero = est_constant_int(l.g, EST_INT32, 0);
    est_node *n = est_while(l.g, below_n, recur, EST_NODES(zero, est_square(l.g, o.x), est_neg(l.g, o.x)), &o);
    est_node *y = est_add(l.g, total(l.g, est_node_output(n, 1)), total(l.g, est_square(l.g, est_node_output(n, 2))));
    EST_NEED_OK(est_gradients(l.g, y, EST_NODES(o.x, o.w), d));
    for (int times = 0; times < 4; times++) {
        feed_int(&l, 2, times);
        differs(&l, y, d[0].value);
        is_kept(&l, d[0].value);
        is_kept(&l, d[1].value);
        is_kept(&l, n);
    }
    lab_end(&l);
}

/* Variables that change places, one of which is an integer, one of which nothing needs. */
static void swap(est_graph *g, est_nodes in, est_node **r, void *user)
{
    const outside *o = user;
    r[0] = est_add(g, in.data[0], est_constant_int(g, EST_INT32, 1));
    r[1] = in.data[2];
    r[2] = est_mul(g, est_add(g, in.data[1], est_cast(g, in.data[0], EST_DOUBLE)), o->x);
    r[3] = est_op(g, "DivNoNan", NULL, EST_NODES(in.data[3], o->x), EST_NO_ATTRS);
}

static void places_change(void)
{
    lab l;
    outside o;
    est_gradient d;
    EST_NEED(begin(&l, &o));
    est_node *zero = est_constant_int(l.g, EST_INT32, 0);
    est_node *n = est_while(l.g, below_n, swap, EST_NODES(zero, o.x, est_exp(l.g, o.x), o.x), &o);
    est_node *y = total(l.g, est_mul(l.g, est_node_output(n, 1), est_node_output(n, 2)));
    EST_NEED_OK(est_gradients(l.g, y, EST_NODES(o.x), &d));
    for (int times = 0; times < 5; times++) {
        feed_int(&l, 2, times);
        differs(&l, y, d.value);
        is_kept(&l, d.value);
    }
    lab_end(&l);
}

/* 1 of an odd number, 0 of an even one. */
static est_node *odd(est_graph *g, est_node *i)
{
    return est_op(g, "FloorMod", NULL, EST_NODES(i, est_constant_int(g, EST_INT32, 2)), EST_NO_ATTRS);
}

/* A branch within a loop, and a loop within a loop whose length the outer one's counter tells. */
static void below_outer(est_graph *g, est_nodes in, est_node **r, void *user)
{
    r[0] = est_less(g, in.data[0], ((outside *)user)->n);
}

static void nested(est_graph *g, est_nodes in, est_node **r, void *user)
{
    const outside *o = user;
    est_node *zero = est_constant_int(g, EST_INT32, 0), *one = est_constant_int(g, EST_INT32, 1);
    outside own = *o;
    own.n = in.data[0];
    est_node *loop = est_while(g, below_outer, recur, EST_NODES(zero, in.data[1], in.data[1]), &own);
    own.x = est_node_output(loop, 1);
    est_node *is_odd = est_equal(g, odd(g, in.data[0]), one);
    r[0] = est_add(g, in.data[0], one);
    r[1] = est_mul(g, est_cond(g, is_odd, polynomial, product, 2, &own), est_tanh(g, in.data[1]));
}

static void loops_within_loops(void)
{
    lab l;
    outside o;
    est_gradient d;
    EST_NEED(begin(&l, &o));
    est_node *n = est_while(l.g, below_n, nested, EST_NODES(est_constant_int(l.g, EST_INT32, 0), o.x), &o);
    est_node *y = total(l.g, est_node_output(n, 1));
    EST_NEED_OK(est_gradients(l.g, y, EST_NODES(o.x), &d));
    for (int times = 0; times < 4; times++) {
        feed_int(&l, 2, times);
        differs(&l, y, d.value);
        is_kept(&l, d.value);
    }
    lab_end(&l);
}

/* A variable's rows by the loop's counter, and the whole of it. */
static void reads_rows(est_graph *g, est_nodes in, est_node **r, void *user)
{
    const outside *o = user;
    est_node *row = est_op(g, "ResourceGather", NULL, EST_NODES(o->v, odd(g, in.data[0])),
                           EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT)));
    r[0] = est_add(g, in.data[0], est_constant_int(g, EST_INT32, 1));
    r[1] = est_add(g, in.data[1], est_reduce_sum(g, est_mul(g, est_read(g, o->v), row), EST_ALL_AXES, false));
}

static void variables_in_loops(void)
{
    lab l;
    outside o;
    est_gradient d;
    EST_NEED(begin(&l, &o));
    est_node *n = est_while(l.g, below_n, reads_rows, EST_NODES(est_constant_int(l.g, EST_INT32, 0), est_constant_float(l.g, 0)), &o);
    EST_NEED_OK(est_gradients(l.g, est_node_output(n, 1), EST_NODES(o.v), &d));
    feed_int(&l, 2, 0);
    lab_gives(&l, d.value, "float32[2,3] 0 0 0 0 0 0");
    feed_int(&l, 2, 1);         /* (v0 + v1) v0: 2 v0 + v1 and v0 */
    lab_gives(&l, d.value, "float32[2,3] 2.5 -3.75 5 1 -2 3");
    feed_int(&l, 2, 3);         /* 2 v0 (v0 + v1) + v1 (v0 + v1) */
    lab_gives(&l, d.value, "float32[2,3] 5.5 -7.25 9 4 -5.5 7");
    lab_end(&l);
}

/* ---- lists ---- */

static est_node *list_op(est_graph *g, const char *op, est_nodes in, est_dtype dtype)
{
    return est_op(g, op, NULL, in, EST_ATTRS(EST_TYPE_ATTR("element_dtype", dtype)));
}

static est_node *any_shape(est_graph *g)
{
    return est_constant_int(g, EST_INT32, -1);
}

/* (i, h, all) becomes (i + 1, tanh(h + x[i] x[i]), all and that): x is a list outside. */
static void over_a_list(est_graph *g, est_nodes in, est_node **r, void *user)
{
    const outside *o = user;
    est_node *scalar = est_constant_ints(g, EST_INT32, (est_ints){ 0 });
    est_node *x = list_op(g, "TensorListGetItem", EST_NODES(o->v, in.data[0], scalar), EST_DOUBLE);
    r[0] = est_add(g, in.data[0], est_constant_int(g, EST_INT32, 1));
    r[1] = est_tanh(g, est_add(g, in.data[1], est_mul(g, x, list_op(g, "TensorListGetItem",
                                                                    EST_NODES(o->v, in.data[0], scalar), EST_DOUBLE))));
    r[2] = list_op(g, "TensorListPushBack", EST_NODES(in.data[2], r[1]), EST_DOUBLE);
}

static void list_of_inputs(void)
{
    lab l;
    outside o;
    est_gradient d;
    EST_NEED(begin(&l, &o));
    est_node *zero = est_constant_int(l.g, EST_INT32, 0);
    o.v = list_op(l.g, "TensorListFromTensor", EST_NODES(o.x, any_shape(l.g)), EST_DOUBLE);
    est_node *none = list_op(l.g, "EmptyTensorList", EST_NODES(any_shape(l.g), any_shape(l.g)), EST_DOUBLE);
    est_node *n = est_while(l.g, below_n, over_a_list, EST_NODES(zero, number(l.g, 0.1), none), &o);
    est_node *all = list_op(l.g, "TensorListStack", EST_NODES(est_node_output(n, 2), est_constant_ints(l.g, EST_INT32, (est_ints){ 0 })),
                            EST_DOUBLE);
    est_node *y = est_add(l.g, total(l.g, est_square(l.g, all)), est_node_output(n, 1));
    EST_NEED_OK(est_gradients(l.g, y, EST_NODES(o.x), &d));
    for (int times = 0; times < 4; times++) {
        feed_int(&l, 2, times);
        differs(&l, y, d.value);
        is_kept(&l, d.value);
    }
    lab_end(&l);
}

static void lists_of_their_own(void)
{
    lab l;
    outside o;
    est_gradient d;
    EST_NEED(begin(&l, &o));
    est_graph *g = l.g;
    est_node *three = est_constant_int(g, EST_INT32, 3), *one = est_constant_int(g, EST_INT32, 1);
    est_node *reserved = list_op(g, "TensorListReserve", EST_NODES(any_shape(g), three), EST_DOUBLE);
    est_node *set = list_op(g, "TensorListSetItem", EST_NODES(reserved, one, est_square(g, o.x)), EST_DOUBLE);
    est_node *more = list_op(g, "TensorListPushBack", EST_NODES(set, est_tanh(g, o.x)), EST_DOUBLE);
    est_node *less = list_op(g, "TensorListPopBack", EST_NODES(more, any_shape(g)), EST_DOUBLE);
    est_node *again = list_op(g, "TensorListSetItem", EST_NODES(set, one, est_exp(g, o.x)), EST_DOUBLE);
    est_node *shape = est_constant_ints(g, EST_INT32, EST_INTS(ELEMENTS));
    est_node *parts[] = {
        list_op(g, "TensorListStack", EST_NODES(more, shape), EST_DOUBLE),
        est_node_output(less, 1),
        list_op(g, "TensorListGetItem", EST_NODES(less, one, shape), EST_DOUBLE),
        list_op(g, "TensorListStack", EST_NODES(again, shape), EST_DOUBLE),      /* `set` is still what it was */
        list_op(g, "TensorListStack", EST_NODES(set, shape), EST_DOUBLE),
    };
    est_node *y = number(g, 0);
    for (int i = 0; i < 5; i++)
        y = est_add(g, est_mul(g, y, number(g, 0.5)), total(g, est_square(g, parts[i])));
    EST_NEED_OK(est_gradients(g, y, EST_NODES(o.x), &d));
    differs(&l, y, d.value);
    is_kept(&l, d.value);
    is_kept(&l, y);
    lab_end(&l);
}

/* The gradient of a gradient: of what the loop back takes. */
static void twice(void)
{
    lab l;
    outside o;
    est_gradient d, dd;
    EST_NEED(begin(&l, &o));
    est_node *n = est_while(l.g, below_n, recur, EST_NODES(est_constant_int(l.g, EST_INT32, 0), est_square(l.g, o.x), o.x), &o);
    est_node *c = est_cond(l.g, o.p, polynomial, product, 2, &o);
    EST_NEED_OK(est_gradients(l.g, est_mul(l.g, est_node_output(n, 1), c), EST_NODES(o.x), &d));
    est_node *y = total(l.g, est_square(l.g, d.value));
    EST_NEED_OK(est_gradients(l.g, y, EST_NODES(o.x), &dd));
    for (int i = 0; i < 6; i++) {
        feed_int(&l, 1, i & 1);
        feed_int(&l, 2, i / 2);
        differs(&l, y, dd.value);
        is_kept(&l, dd.value);
    }
    lab_end(&l);
}

/* ---- TensorFlow's numbers ---- */

static est_node *either_of(lab *l, outside *o)
{
    est_node *c = est_cond(l->g, o->p, polynomial, product, 2, o);
    return est_add(l->g, total(l->g, est_square(l->g, c)), est_node_output(c, 1));
}

static est_node *one_of(lab *l, outside *o)
{
    est_node *c = est_case(l->g, o->n, (const est_function_fn[]){ polynomial, product, same }, 3, 2, o);
    return est_add(l->g, total(l->g, est_square(l->g, c)), est_node_output(c, 1));
}

static est_node *over(lab *l, outside *o)
{
    est_node *start = est_square(l->g, o->x);
    est_node *n = est_while(l->g, below_n, recur, EST_NODES(est_constant_int(l->g, EST_INT32, 0), start, est_neg(l->g, o->x)), o);
    return est_add(l->g, total(l->g, est_node_output(n, 1)), total(l->g, est_square(l->g, est_node_output(n, 2))));
}

static est_node *within(lab *l, outside *o)
{
    est_node *n = est_while(l->g, below_n, nested, EST_NODES(est_constant_int(l->g, EST_INT32, 0), o->x), o);
    return total(l->g, est_node_output(n, 1));
}

static void as_tensorflow(void)
{
    static const struct {
        est_node *(*make)(lab *l, outside *o);
        const double (*wanted)[ELEMENTS];
    } rows[] = { { either_of, tf_either }, { one_of, tf_one_of_several }, { over, tf_over_and_over },
                 { within, tf_loops_within_loops } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        lab l;
        outside o;
        est_gradient d;
        EST_NEED(begin(&l, &o));
        EST_NEED_OK(est_gradients(l.g, rows[i].make(&l, &o), EST_NODES(o.x), &d));
        for (int n = 0; n < 4; n++) {
            est_tensor *got;
            feed_int(&l, 1, n > 0);
            feed_int(&l, 2, n);
            if (lab_run(&l, EST_NODES(d.value), (est_nodes){ 0 }, false, &got))
                for (int j = 0; j < ELEMENTS; j++)
                    EST_CHECK_NEAR(est__tensor_get(got, j), rows[i].wanted[n][j], 1e-12 * (1 + fabs(rows[i].wanted[n][j])));
        }
        lab_end(&l);
    }
}

/* ---- memory ---- */

static est_node *loop_and_gradient(lab *l, outside *o, est_gradient *d)
{
    est_node *n = est_while(l->g, below_n, nested, EST_NODES(est_constant_int(l->g, EST_INT32, 0), o->x), o);
    est_node *y = total(l->g, est_node_output(n, 1));
    return est_gradients(l->g, y, EST_NODES(o->x), d) == EST_OK ? y : NULL;
}

/* Once a loop has been as long a few times, a step takes no memory: the lists, which go round, keep theirs. */
static void no_allocation(void)
{
    lab l;
    outside o;
    est_gradient d;
    est__plan *plan = NULL;
    est__run *run = NULL;
    EST_NEED(begin(&l, &o));
    est_node *y = loop_and_gradient(&l, &o, &d);
    EST_NEED(y != NULL);
    est__plan_options p = { .resources = l.resources, .feeds = { l.feed, l.num_feeds }, .fetches = EST_NODES(y, d.value) };
    feed_int(&l, 2, 8);
    if (EST_CHECK_OK(est__plan_new(l.g, &p, &plan)) && EST_CHECK_OK(est__run_new(plan, NULL, &run))) {
        for (uint64_t step = 0; step < 100; step++)
            EST_CHECK_OK(est__run_step(run, l.value, step));
        est_test_fail_allocation(0);
        for (uint64_t step = 0; step < 3; step++)
            EST_CHECK_OK(est__run_step(run, l.value, step));
        EST_CHECK_INT(est_test_fail_allocation(0), 0);
    }
    est__run_free(run);
    est__plan_free(plan);
    lab_end(&l);
}

/* Each allocation fails in turn, while the gradient is made and while it runs. */
static void memory_ends(void)
{
    for (int64_t nth = 1;; nth += nth < 50 ? 1 : 37) {
        lab l;
        outside o;
        est_gradient d = { 0 };
        est__plan *plan = NULL;
        est__run *run = NULL;
        EST_NEED(begin(&l, &o));
        est_test_fail_allocation(nth);
        est_node *y = loop_and_gradient(&l, &o, &d);
        est_status st = est_graph_status(l.g);
        est_node *fetches[] = { y, d.value };
        est__plan_options p = { .resources = l.resources, .feeds = { l.feed, l.num_feeds }, .fetches = { fetches, 2 } };
        if (st == EST_OK)
            st = est__plan_new(l.g, &p, &plan);
        if (st == EST_OK)
            st = est__run_new(plan, NULL, &run);
        if (st == EST_OK)
            st = est__run_step(run, l.value, 0);
        bool all = est_test_fail_allocation(0) < nth;
        if (!EST_CHECK(st == EST_OK || st == EST_RESOURCE_EXHAUSTED))
            fprintf(stderr, "%s\n", est_error());
        est__run_free(run);
        est__plan_free(plan);
        lab_end(&l);
        if (all)
            break;
    }
}

/* Each step adds to the lists at the cost of a step: copied whole they would be five thousand million bytes. */
static void long_loops(void)
{
    lab l;
    outside o;
    est_gradient d;
    EST_NEED(begin(&l, &o));
    est_node *n = est_while(l.g, below_n, recur, EST_NODES(est_constant_int(l.g, EST_INT32, 0), o.x, o.x), &o);
    EST_NEED_OK(est_gradients(l.g, est_node_output(n, 1), EST_NODES(o.x), &d));
    feed_int(&l, 2, 20000);
    differs(&l, total(l.g, est_node_output(n, 1)), d.value);
    lab_end(&l);
}

/* ---- what has no gradient ---- */


static void stops(est_graph *g, est_nodes in, est_node **r, void *user)
{
    const outside *o = user;
    (void)in;
    r[0] = est_mul(g, est_stop_gradient(g, o->x), o->x);
}

static void stopped(void)
{
    lab l;
    outside o;
    est_gradient d;
    EST_NEED(begin(&l, &o));
    est_node *c = est_cond(l.g, o.p, stops, stops, 1, &o);
    EST_NEED_OK(est_gradients(l.g, c, EST_NODES(o.x), &d));
    lab_gives(&l, d.value, "float64[3] 0.5 -1.25 2");
    lab_end(&l);
}

/* What stands for a result that a branch does not have. */
static void fakes(void)
{
    lab l;
    est_shape partly = EST_SHAPE(-1, 2), unknown = { .rank = -1 };
    EST_NEED(lab_begin(&l));
    lab_gives(&l, est_op(l.g, "FakeParam", NULL, (est_nodes){ 0 },
                         EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT), EST_SHAPE_ATTR("shape", &partly))),
              "float32[0,2]");
    lab_gives(&l, est_op(l.g, "FakeParam", NULL, (est_nodes){ 0 },
                         EST_ATTRS(EST_TYPE_ATTR("dtype", EST_STRING), EST_SHAPE_ATTR("shape", &unknown))),
              "string[0]");
    est_node *list = est_op(l.g, "FakeParam", NULL, (est_nodes){ 0 },
                            EST_ATTRS(EST_TYPE_ATTR("dtype", EST_VARIANT), EST_SHAPE_ATTR("shape", &unknown)));
    lab_gives(&l, est_op(l.g, "TensorListLength", NULL, EST_NODES(list), EST_NO_ATTRS), "int32[] 0");
    lab_end(&l);
}

EST_SUITE(runtime_function_gradients, EST_TEST(either), EST_TEST(branches_within_branches), EST_TEST(variables), EST_TEST(one_of_several),
          EST_TEST(over_and_over),
          EST_TEST(places_change), EST_TEST(loops_within_loops), EST_TEST(variables_in_loops), EST_TEST(list_of_inputs),
          EST_TEST(lists_of_their_own), EST_TEST(twice), EST_TEST(as_tensorflow), EST_TEST(no_allocation), EST_TEST(memory_ends),
          EST_TEST(long_loops), EST_TEST(stopped), EST_TEST(fakes));
