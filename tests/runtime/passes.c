/* What planning does to a graph: it leaves out, shares, folds, fuses, and cuts in two; the dumps tell. */
#include "graph/lab.h"
#include "runtime/plan.h"

/* The plan's lines, without feeds and fetches and numbers: "Relu(x) -> Relu" each. */
static const char *plan_text(const est__plan *p)
{
    est__buffer b = { 0 };
    for (size_t s = 0; s < p->num_steps; s++) {
        const est__step *step = &p->step[s];
        est__buffer_text(&b, s == p->first_assign ? "| " : "");
        for (int m = 0; step->fused && m + 1 < step->fused->num_ops; m++)
            est__buffer_printf(&b, "%s+", step->fused->member[m].op->row->tf_name);
        est__buffer_printf(&b, "%s(", step->op->row->tf_name);
        for (int i = 0; i < step->num_in; i++) {
            const est__value *v = &p->value[step->in[i]];
            est__buffer_printf(&b, "%s%s%s", i ? "," : "", v->constant ? "=" : "", v->node->op->name);
        }
        est__buffer_text(&b, ") ");
    }
    const char *text = est_test_text("%s", b.data ? b.data : "");
    est__buffer_free(&b);
    return text;
}

static const char *planned(lab *l, est__plan_options o)
{
    est__plan *plan;
    o.resources = l->resources;
    if (o.feeds.count == 0)
        o.feeds = (est_nodes){ l->feed, l->num_feeds };
    if (!EST_CHECK_OK(est__plan_new(l->g, &o, &plan)))
        return NULL;
    const char *text = plan_text(plan);
    est__plan_free(plan);
    return text;
}

static void pruned_and_shared(void)
{
    lab l;
    EST_NEED(lab_begin(&l));
    est_graph *g = l.g;
    est_node *x = lab_feed(&l, "x", EST_SHAPE(-1, 3), NULL), *w = lab_feed(&l, "w", EST_SHAPE(3, 3), NULL);
    est_node *a = est_matmul(g, x, w), *b = est_matmul(g, x, w);
    est_node *other = est_op(g, "MatMul", NULL, EST_NODES(x, w),
                             EST_ATTRS(EST_BOOL_ATTR("transpose_b", true)));
    est_node *p = est_matmul(g, a, w), *q = est_matmul(g, b, w);             /* equal, as what they take is */
    EST_CHECK_STR(planned(&l, (est__plan_options){ .fetches = EST_NODES(a) }), "MatMul(x,w) ");
    EST_CHECK_STR(planned(&l, (est__plan_options){ .fetches = EST_NODES(a, b, p, q) }),
                  "MatMul(x,w) MatMul(MatMul,w) ");
    EST_CHECK_STR(planned(&l, (est__plan_options){ .fetches = EST_NODES(a, other) }),
                  "MatMul(x,w) MatMul(x,w) ");
    EST_CHECK_STR(planned(&l, (est__plan_options){ .fetches = EST_NODES(x) }), "");
    EST_CHECK_STR(planned(&l, (est__plan_options){ .feeds = EST_NODES(a, w), .fetches = EST_NODES(p) }),
                  "MatMul(MatMul,w) ");
    est_node *shape = est_constant_ints(g, EST_INT32, EST_INTS(2)),
             *r = est_random_uniform(g, shape, EST_FLOAT);
    est_node *s = est_random_uniform(g, shape, EST_FLOAT);
    EST_CHECK_STR(planned(&l, (est__plan_options){ .fetches = EST_NODES(r, s) }),
                  "RandomUniform(=Const) RandomUniform(=Const) ");
    lab_end(&l);
}

/* Reads of one variable are one, until something is assigned; handles and assignments are each their own. */
static void shared_reads(void)
{
    lab l;
    EST_NEED(lab_begin(&l));
    est_graph *g = l.g;
    est_node *v = lab_variable(&l, "v", EST_SHAPE(2), (float[]){ 1, 2 }),
             *one = lab_const(&l, EST_SHAPE(2), (float[]){ 1, 1 });
    est_node *a = est_neg(g, est_read(g, v)), *b = est_neg(g, est_read(g, v));
    est_node *set = est_op(g, "AssignAddVariableOp", "set", EST_NODES(v, one), EST_NO_ATTRS);
    est_node *again = est_op(g, "AssignAddVariableOp", "again", EST_NODES(v, one), EST_NO_ATTRS),
             *late = est_read(g, v);
    est_node_after(late, set);
    EST_CHECK_STR(planned(&l, (est__plan_options){ .fetches = EST_NODES(a, b, late),
                                                   .targets = EST_NODES(set, again) }),
                  "ReadVariableOp(=v) Neg(ReadVariableOp) | AssignAddVariableOp(=v,=Const_1) "
                  "AssignAddVariableOp(=v,=Const_1) "
                  "ReadVariableOp(=v) ");
    est_tensor *out[3];
    EST_NEED(lab_initialize(&l));
    EST_NEED(lab_run(&l, EST_NODES(a, b, late), EST_NODES(set, again), false, out));
    EST_CHECK_STR(lab_text(out[1]), "float32[2] -1 -2");
    EST_CHECK_STR(lab_text(out[2]), "float32[2] 3 4");
    lab_end(&l);
}

static void folded(void)
{
    lab l;
    EST_NEED(lab_begin(&l));
    est_graph *g = l.g;
    est_node *two = est_constant_float(g, 2),
             *four = est_add(g, two, est_mul(g, two, est_constant_float(g, 1)));
    est_node *x = lab_feed(&l, "x", EST_SHAPE(-1), lab_floats(&l, EST_SHAPE(2), (float[]){ 1, 2 })),
             *y = est_mul(g, x, four);
    EST_CHECK_STR(planned(&l, (est__plan_options){ .fetches = EST_NODES(y) }), "Mul(x,=AddV2) ");
    EST_CHECK_STR(lab_value(&l, y), "float32[2] 4 8");
    EST_CHECK_STR(lab_value(&l, four), "float32[] 4");
    est_node *words = est_string_join(
        g, EST_NODES(est_constant_strings(g, EST_STRINGS("a", "b")), est_constant_string(g, "!")), "");
    EST_CHECK_STR(planned(&l, (est__plan_options){ .fetches = EST_NODES(words) }), "");
    EST_CHECK_STR(lab_value(&l, words), "string[2] 'a!' 'b!'");
    /* cheaper made than kept */
    est_node *large = est_fill(g, est_constant_ints(g, EST_INT32, EST_INTS(1000, 1000)), two);
    EST_CHECK_STR(planned(&l, (est__plan_options){ .fetches = EST_NODES(large) }), "Fill(=Const_4,=Const) ");
    /* anew in each step */
    est_node *drawn = est_random_uniform(g, est_constant_ints(g, EST_INT32, EST_INTS(2)), EST_FLOAT);
    EST_CHECK_STR(planned(&l, (est__plan_options){ .fetches = EST_NODES(est_neg(g, drawn)) }),
                  "RandomUniform(=Const_5) Neg(RandomUniform) ");
    est_node *wrong = est_reshape(
        g, est_fill(g, est_concat(g, EST_NODES(est_constant_ints(g, EST_INT32, EST_INTS(3))), 0), two),
        EST_INTS(2, -1));
    est__plan *plan;
    /* refused by inference, or else when it is folded: it names the operation */
    if (est_graph_status(g) == EST_OK)
        EST_CHECK(est__plan_new(g, &(est__plan_options){ .fetches = EST_NODES(wrong) }, &plan) ==
                      EST_INVALID_ARGUMENT &&
                  strncmp(est_error(), "Reshape 'Reshape': ", 19) == 0);
    lab_end(&l);
}

static void chains(void)
{
    lab l;
    EST_NEED(lab_begin(&l));
    est_graph *g = l.g;
    est_node *x = lab_feed(&l, "x", EST_SHAPE(-1, 3), NULL), *y = lab_feed(&l, "y", EST_SHAPE(3), NULL);
    est_node *z = est_tanh(g, est_mul(g, est_add(g, x, y), est_sub(g, x, y)));
    EST_CHECK_STR(planned(&l, (est__plan_options){ .fetches = EST_NODES(z) }), "AddV2+Sub+Mul+Tanh(x,y) ");
    EST_CHECK_STR(planned(&l, (est__plan_options){ .fetches = EST_NODES(z), .unfused = true }),
                  "AddV2(x,y) Sub(x,y) Mul(AddV2,Sub) Tanh(Mul) ");
    /* what is fetched, or taken twice, ends its chain */
    est_node *half = est_graph_node(g, "Mul");
    EST_CHECK_STR(planned(&l, (est__plan_options){ .fetches = EST_NODES(z, half) }),
                  "AddV2+Sub+Mul(x,y) Tanh(Mul) ");
    EST_CHECK_STR(planned(&l, (est__plan_options){ .fetches = EST_NODES(
                                                       est_reduce_sum(g, half, EST_INTS(0), false), z) }),
                  "AddV2+Sub+Mul(x,y) Sum(Mul,=Const) Tanh(Mul) ");
    est_node *twice = est_mul(g, half, half);
    EST_CHECK_STR(planned(&l, (est__plan_options){ .fetches = EST_NODES(twice) }), "AddV2+Sub+Mul+Mul(x,y) ");
    est_node *v = lab_variable(&l, "v", EST_SCALAR, (float[]){ 1 });
    est_node *set = est_op(g, "AssignVariableOp", "set",
                           EST_NODES(v, est_neg(g, est_square(g, est_read(g, v)))), EST_NO_ATTRS);
    EST_CHECK_STR(planned(&l, (est__plan_options){ .targets = EST_NODES(set) }),
                  "ReadVariableOp(=v) Square+Neg(ReadVariableOp) | AssignVariableOp(=v,Neg) ");
    est_node *deep = x;
    for (int i = 0; i < 30; i++)
        deep = est_neg(g, est_square(g, deep));
    const char *text = planned(&l, (est__plan_options){ .fetches = EST_NODES(deep) });
    int steps = 0;
    for (const char *at = text; (at = strstr(at, ") ")) != NULL; at++)
        steps++;
    EST_CHECK_INT(steps, 5);                                     /* of twelve at most */
    lab_end(&l);
}

/* ---- the cut ---- */

typedef struct halves {
    est__plan *early, *late;
    est__run *early_run, *late_run;
} halves;

static bool cut(halves *h, const lab *l, const est__plan_options *o)
{
    *h = (halves){ 0 };
    return EST_CHECK_OK(est__plan_split(l->g, o, &h->early, &h->late, NULL)) &&
           EST_CHECK_OK(est__run_new(h->early, NULL, &h->early_run)) &&
           EST_CHECK_OK(est__run_new(h->late, NULL, &h->late_run));
}

static void halves_free(halves *h)
{
    est__run_free(h->early_run);
    est__run_free(h->late_run);
    est__plan_free(h->early);
    est__plan_free(h->late);
}

static est_status step_both(halves *h, const est_tensor *const *feeds, uint64_t number)
{
    const est_tensor *between[32];
    EST_TRY(est__run_step(h->early_run, feeds, number));
    for (size_t i = 0; i < est__plan_fetches(h->early); i++)
        between[i] = est__run_fetch(h->early_run, i);
    return est__run_step(h->late_run, between, number);
}

static void cut_in_two(void)
{
    lab l;
    halves h;
    est_tensor *whole[4];
    EST_NEED(lab_begin(&l));
    est_graph *g = l.g;
    est_node *x = lab_feed(&l, "x", EST_SHAPE(-1, 2),
                           lab_floats(&l, EST_SHAPE(2, 2), (float[]){ 1, 2, 3, 4 }));
    est_node *s = lab_feed(&l, "s", EST_SHAPE(-1),
                           lab_strings(&l, EST_SHAPE(2), (const char *const[]){ "a", "b" }));
    est_node *v = lab_variable(&l, "v", EST_SHAPE(2, 2), (float[]){ 1, 0, 0, 2 });
    est_node *early = est_square(g, x), *ids = est_string_to_hash_bucket_fast(g, s, 2);
    est_node *h0 = est_matmul(g, early, est_read(g, v)),
             *rows = est_op(g, "ResourceGather", NULL, EST_NODES(v, ids),
                            EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT)));
    est_node *y = est_add(g, h0, rows), *loss = est_reduce_mean(g, y, EST_ALL_AXES, false);
    est_node *train = est_op(g, "AssignSubVariableOp", "train", EST_NODES(v, est_matmul(g, x, x)),
                             EST_NO_ATTRS);
    est_node *fixed = est_constant_float(g, 3),
             *noise = est_random_uniform(g, est_shape_of_node(g, x), EST_FLOAT);
    est__plan_options o = { .resources = l.resources,
                            .feeds = { l.feed, 2 },
                            .fetches = EST_NODES(y, early, fixed, x, noise),
                            .targets = EST_NODES(train),
                            .checked = loss,
                            .seed = 1 };
    EST_NEED_OK(est_graph_status(g));
    EST_NEED(lab_initialize(&l));
    if (cut(&h, &l, &o)) {
        EST_CHECK_STR(plan_text(h.early), "Square(x) StringToHashBucketFast(s) MatMul(x,x) Shape(x) ");
        EST_CHECK_STR(
            plan_text(h.late),
            "ReadVariableOp(=v) MatMul(Square,ReadVariableOp) ResourceGather(=v,StringToHashBucketFast) "
            "AddV2(MatMul,ResourceGather) RandomUniform(Shape) Mean(AddV2,=Const_1) | "
            "AssignSubVariableOp(=v,MatMul_1) ");
        const char *before = lab_variable_text(&l, "v");
        EST_CHECK(lab_run(&l, EST_NODES(y, early, fixed, noise), (est_nodes){ 0 }, false, whole));
        EST_CHECK_STR(lab_variable_text(&l, "v"), before);
        EST_CHECK_OK(step_both(&h, l.value, 0));
        for (size_t i = 0; i < 3; i++)
            lab_same(whole[i], est__run_fetch(h.late_run, i), "a fetch");
        lab_same(whole[3], est__run_fetch(h.late_run, 4), "noise");
        lab_same(l.value[0], est__run_fetch(h.late_run, 3), "x");
        EST_CHECK_STR(lab_variable_text(&l, "v"), "float32[2,2] -6 -10 -15 -20");
    }
    halves_free(&h);
    lab_end(&l);
}

/* What needs no variable at all, and what is told to come after something early. */
static void cut_at_the_edges(void)
{
    lab l;
    halves h;
    EST_NEED(lab_begin(&l));
    est_graph *g = l.g;
    est_node *x = lab_feed(&l, "x", EST_SHAPE(-1), lab_floats(&l, EST_SHAPE(2), (float[]){ 1, 2 }));
    est_node *a = est_square(g, x), *loss = est_reduce_sum(g, a, EST_INTS(0), false);
    if (cut(&h, &l,
            &(est__plan_options){ .resources = l.resources,
                                  .feeds = EST_NODES(x),
                                  .fetches = EST_NODES(a),
                                  .checked = loss })) {
        /* all of it is early, what is checked as well */
        EST_CHECK_STR(plan_text(h.late), "");
        EST_CHECK_OK(step_both(&h, l.value, 0));
        EST_CHECK_STR(lab_text(est__run_fetch(h.late_run, 0)), "float32[2] 1 4");
        float infinite[] = { 1, 1e38f };
        const est_tensor *bad = lab_floats(&l, EST_SHAPE(2), infinite);
        EST_CHECK_FAILS(step_both(&h, &bad, 1), EST_ABORTED, "'Sum' is inf");
    }
    halves_free(&h);
    est_node *v = lab_variable(&l, "v", EST_SCALAR, (float[]){ 1 });
    est_node *set = est_op(g, "AssignAddVariableOp", "set", EST_NODES(v, est_constant_float(g, 1)),
                           EST_NO_ATTRS);
    est_node *test = est_op(g, "Neg", "test", EST_NODES(a), EST_NO_ATTRS);
    est_node_after(set, test);
    est_node_after(set, x);
    EST_NEED(lab_initialize(&l));
    if (cut(&h, &l,
            &(est__plan_options){
                .resources = l.resources, .feeds = EST_NODES(x), .targets = EST_NODES(set, a) })) {
        EST_CHECK_STR(plan_text(h.late), "Square+Neg(x) | AssignAddVariableOp(=v,=Const_2) ");
        EST_CHECK_OK(step_both(&h, l.value, 0));
        EST_CHECK_STR(lab_variable_text(&l, "v"), "float32[] 2");
    }
    halves_free(&h);
    lab_end(&l);
}

EST_SUITE(runtime_passes, EST_TEST(pruned_and_shared), EST_TEST(shared_reads), EST_TEST(folded),
          EST_TEST(chains), EST_TEST(cut_in_two), EST_TEST(cut_at_the_edges));
