/* Object-based checkpoints: what is saved is restored by the names of edges; TensorFlow's are read; what does not match is told. */
#include <estimator/estimator.h>

#include <stdlib.h>
#include <unistd.h>

#include "support/est_test.h"

/* A layer under Adam, as in TensorFlow's guide. */
typedef struct net {
    est_graph *g;
    est_session *s;
    est_optimizer *adam;
    est_node *x, *loss, *train, *step;
    est_object_checkpoint *c;
} net;

static bool net_begin(net *n, const char *layer, int64_t units)
{
    *n = (net){ 0 };
    if (!EST_CHECK_OK(est_graph_new(&n->g)) || !EST_CHECK_OK(est_adam_optimizer_new(&(est_adam_options){ .learning_rate = 0.1 }, &n->adam)))
        return false;
    n->x = est_placeholder(n->g, "x", EST_FLOAT, EST_SHAPE(-1, 1));
    n->step = est_variable(n->g, "count", &(est_variable_options){ .dtype = EST_INT32, .not_trainable = true,
                                                                   .initial_value = est_constant_int(n->g, EST_INT32, 1) });
    est_node *y = est_dense(n->g, n->x, units, &(est_dense_options){ .name = layer });
    n->loss = est_reduce_mean(n->g, est_abs(n->g, y), EST_INTS(0, 1), false);
    n->train = est_optimizer_minimize_variables(n->adam, n->g, n->loss, est_graph_trainable_variables(n->g), NULL);
    return EST_CHECK_OK(est_session_new(n->g, &(est_session_options){ .num_threads = 1 }, &n->s)) &&
           EST_CHECK_OK(est_object_checkpoint_new(n->s, &n->c));
}

static void net_end(net *n)
{
    est_object_checkpoint_free(n->c);
    est_session_free(n->s);
    est_optimizer_free(n->adam);
    est_graph_free(n->g);
}

static void net_objects(net *n, const char *layer)
{
    est_trackable *root = est_object_checkpoint_root(n->c);
    est_trackable_optimizer(root, "optimizer", "training/Adam");
    est_trackable_variable(root, "step", n->step);
    est_trackable_layer(est_trackable_child(root, "net"), "l1", layer);
}

static void net_train(net *n)
{
    float x[] = { 1, 2 };
    est_tensor in = { EST_FLOAT, EST_SHAPE(2, 1), x, NULL };
    EST_CHECK_OK(est_session_run(n->s, EST_NODES(n->x), (const est_tensor *const[]){ &in }, EST_NODES(n->train), NULL));
}

static float value(const net *n, const char *name, int i)
{
    const est_tensor *t;
    est_node *handle = est_graph_variable(n->g, name);
    if (!EST_CHECK(handle != NULL) || !EST_CHECK_OK(est_session_value(n->s, handle, &t)))
        return -1;
    return t->dtype == EST_FLOAT ? ((const float *)t->data)[i] : t->dtype == EST_INT32 ? (float)((const int32_t *)t->data)[i]
                                                                                       : (float)((const int64_t *)t->data)[i];
}

static void goes_by_edges(void)
{
    net a, b;
    char path[512];
    if (net_begin(&a, "first", 3) && net_begin(&b, "other/name", 3)) {
        net_objects(&a, "first");
        net_objects(&b, "other/name");
        net_train(&a);
        net_train(&a);
        EST_CHECK_OK(est_object_checkpoint_save(a.c, est_test_path("deep/er/ckpt"), path, sizeof path));
        EST_CHECK_STR(path, est_test_path("deep/er/ckpt-1"));
        EST_CHECK_OK(est_object_checkpoint_restore(b.c, path));
        EST_CHECK_OK(est_object_checkpoint_assert_consumed(b.c));
        EST_CHECK_OK(est_object_checkpoint_assert_nontrivial_match(b.c));
        EST_CHECK_INT(value(&b, "training/Adam/iter", 0), 2);
        for (int i = 0; i < 3; i++) {
            EST_CHECK(value(&b, "other/name/kernel", i) == value(&a, "first/kernel", i));
            EST_CHECK(value(&b, "training/Adam/other/name/bias/v", i) == value(&a, "training/Adam/first/bias/v", i));
        }
        net_train(&a);
        net_train(&b);
        for (int i = 0; i < 3; i++)
            EST_CHECK(value(&b, "other/name/kernel", i) == value(&a, "first/kernel", i));
        EST_CHECK_OK(est_object_checkpoint_save(b.c, est_test_path("deep/er/ckpt"), path, sizeof path));
        EST_CHECK_STR(path, est_test_path("deep/er/ckpt-2"));
        EST_CHECK_OK(est_latest_checkpoint(est_test_path("deep/er"), path, sizeof path));
        EST_CHECK_STR(path, est_test_path("deep/er/ckpt-2"));
    }
    net_end(&a);
    net_end(&b);
}

static void reads_tensorflow(void)
{
    net n;
    if (net_begin(&n, "dense", 5)) {
        const char *path = EST_TEST_DATA("tests/golden/objects/ckpt-1");
        est_strings keys;
        float odd = 0;
        est_tensor t = { EST_FLOAT, EST_SHAPE(1), &odd, NULL };
        net_objects(&n, "dense");
        EST_CHECK_OK(est_object_checkpoint_restore(n.c, path));
        EST_CHECK_INT(value(&n, "count", 0), 12);
        EST_CHECK_NEAR(value(&n, "dense/kernel", 4), 4.9, 1e-6);      /* 5, and a step of Adam(0.1) */
        EST_CHECK_NEAR(value(&n, "training/Adam/dense/kernel/m", 0), 0.1, 1e-6);
        EST_CHECK_OK(est_object_checkpoint_assert_existing_objects_matched(n.c));
        EST_CHECK_OK(est_object_checkpoint_unused_keys(n.c, &keys));
        EST_CHECK_INT(keys.count, 1);
        EST_CHECK_STR(keys.count ? keys.data[0] : "", "again/a..b/.ATTRIBUTES/VARIABLE_VALUE");
        EST_CHECK_FAILS(est_object_checkpoint_assert_consumed(n.c), EST_FAILED_PRECONDITION,
                        est_test_text("%s: there are no variables here for its values: 'again/a..b/.ATTRIBUTES/VARIABLE_VALUE'", path));
        /* an object that has two names, and comes late */
        est_trackable *holder = est_trackable_child(est_object_checkpoint_root(n.c), "holder");
        est_trackable_tensor(holder, "a.b", &t);
        EST_CHECK_NEAR(odd, 7, 0);
        EST_CHECK_OK(est_object_checkpoint_assert_consumed(n.c));
        est_trackable_edge(est_object_checkpoint_root(n.c), "again", holder);
        EST_CHECK_OK(est_object_checkpoint_assert_consumed(n.c));
    }
    net_end(&n);
}

static void names_both_ways(void)
{
    est_checkpoint *c;
    est_tensor *t = NULL;
    EST_NEED_OK(est_checkpoint_open(EST_TEST_DATA("tests/golden/objects/ckpt-1"), &c));
    EST_CHECK_STR(est_checkpoint_full_name(c, "net/l1/bias/.ATTRIBUTES/VARIABLE_VALUE"), "dense/bias");
    EST_CHECK(est_checkpoint_full_name(c, "dense/bias") == NULL);
    if (EST_CHECK_OK(est_checkpoint_read(c, "dense/bias", &t)))
        EST_CHECK_NEAR(((float *)t->data)[0], -0.1, 1e-6);
    est_tensor_free(t);
    EST_CHECK(est_checkpoint_read(c, "dense/bia", &t) == EST_NOT_FOUND);
    est_checkpoint_free(c);
}

static void saved_model_of_objects(void)
{
    est_saved_model *m;
    est_predictor *p = NULL;
    est_predictor_call *call = NULL;
    float x[] = { 2, 3 };
    est_tensor in = { EST_FLOAT, EST_SHAPE(2), x, NULL };
    const est_tensor *out = NULL;
    EST_NEED_OK(est_saved_model_load(EST_TEST_DATA("tests/golden/objects/alike"), &m));
    if (EST_CHECK_OK(est_predictor_new(m, "serving_default", &p)) && EST_CHECK_OK(est_predictor_call_new(p, &call)) &&
        EST_CHECK_OK(est_predictor_run(call, (const est_tensor *const[]){ &in }, &out))) {
        EST_CHECK_NEAR(((const float *)out->data)[0], 32, 0);        /* x a + b, where both are called "v" */
        EST_CHECK_NEAR(((const float *)out->data)[1], 46, 0);
    }
    est_predictor_call_free(call);
    est_predictor_free(p);
    est_saved_model_free(m);
}

static void what_does_not_match(void)
{
    net a, b;
    const char *path = est_test_path("w");
    est_strings keys;
    if (net_begin(&a, "l", 2) && net_begin(&b, "l", 3)) {
        float before = 0;
        est_trackable_variable(est_object_checkpoint_root(a.c), "step", a.step);
        EST_CHECK_FAILS(est_object_checkpoint_unused_keys(a.c, &keys), EST_FAILED_PRECONDITION,
                        "nothing was restored yet: est_object_checkpoint_restore does that");
        EST_CHECK_OK(est_object_checkpoint_write(a.c, path));
        net_objects(&b, "l");
        EST_CHECK_OK(est_object_checkpoint_restore(b.c, path));
        EST_CHECK_OK(est_object_checkpoint_assert_nontrivial_match(b.c));
        EST_CHECK_OK(est_object_checkpoint_missing_keys(b.c, &keys));
        EST_CHECK_INT(keys.count, 11);
        EST_CHECK_FAILS(est_object_checkpoint_assert_existing_objects_matched(b.c), EST_FAILED_PRECONDITION,
                        est_test_text("%s: it has no values for variables here: 'optimizer/iter/.ATTRIBUTES/VARIABLE_VALUE', "
                                      "'optimizer/learning_rate/.ATTRIBUTES/VARIABLE_VALUE', 'optimizer/decay/.ATTRIBUTES/VARIABLE_VALUE', "
                                      "'optimizer/beta_1/.ATTRIBUTES/VARIABLE_VALUE', 'optimizer/beta_2/.ATTRIBUTES/VARIABLE_VALUE' and "
                                      "6 more", path));
        /* another shape: nothing changes */
        net_objects(&a, "l");
        EST_CHECK_OK(est_session_assign(a.s, a.step, &(est_tensor){ EST_INT32, EST_SCALAR, &(int32_t){ 5 }, NULL }));
        EST_CHECK_OK(est_object_checkpoint_write(a.c, path));
        before = value(&b, "l/kernel", 0);
        EST_CHECK_FAILS(est_object_checkpoint_restore(b.c, path), EST_INVALID_ARGUMENT,
                        est_test_text("%s: 'net/l1/kernel/.ATTRIBUTES/VARIABLE_VALUE' is [1,2], the variable here is [1,3]", path));
        EST_CHECK(value(&b, "l/kernel", 0) == before);
        EST_CHECK_INT(value(&b, "count", 0), 1);
        EST_CHECK(est_object_checkpoint_restore(b.c, est_test_path("none")) == EST_NOT_FOUND);
        path = EST_TEST_DATA("tests/golden/formats/model.ckpt-7");
        EST_CHECK_FAILS(est_object_checkpoint_restore(b.c, path), EST_FAILED_PRECONDITION,
                        est_test_text("%s: it is no object-based checkpoint: it has no graph of objects; est_checkpoint_read reads its "
                                      "variables by their names", path));
    }
    net_end(&a);
    net_end(&b);
}

/* A variable that is made after the restore has its value before it is read. */
static void deferred(void)
{
    net a, b;
    const char *path = est_test_path("d");
    if (net_begin(&a, "l", 2) && net_begin(&b, "m", 2)) {
        net_objects(&a, "l");
        est_trackable_variable(est_object_checkpoint_root(a.c), "late", est_variable(a.g, "late", &(est_variable_options){
            .initial_value = est_constant_float(a.g, 4) }));
        net_train(&a);
        EST_CHECK_OK(est_object_checkpoint_write(a.c, path));
        EST_CHECK_OK(est_object_checkpoint_restore(b.c, path));
        EST_CHECK(est_object_checkpoint_assert_nontrivial_match(b.c) == EST_FAILED_PRECONDITION);
        est_node *late = est_variable(b.g, "another", &(est_variable_options){ 0 });
        est_trackable_variable(est_object_checkpoint_root(b.c), "late", late);
        EST_CHECK_NEAR(value(&b, "another", 0), 4, 0);
        net_objects(&b, "m");        /* the optimizer before the variables that have its slots */
        EST_CHECK_OK(est_object_checkpoint_assert_consumed(b.c));
        EST_CHECK(value(&b, "training/Adam/m/kernel/m", 0) == value(&a, "training/Adam/l/kernel/m", 0));
    }
    net_end(&a);
    net_end(&b);
}

static void builders_stick(void)
{
    net a, b;
    if (net_begin(&a, "l", 2) && net_begin(&b, "l", 2)) {
        est_trackable *root = est_object_checkpoint_root(a.c);
        est_trackable_variable(root, "step", a.step);
        est_trackable_variable(root, "step", a.step);
        EST_CHECK_OK(est_object_checkpoint_status(a.c));
        est_trackable *nil = est_trackable_variable(root, "step", est_graph_variable(a.g, "l/bias"));
        EST_CHECK(nil != NULL);
        EST_CHECK(est_trackable_child(nil, "x") == nil);
        EST_CHECK_FAILS(est_object_checkpoint_write(a.c, est_test_path("s")), EST_ALREADY_EXISTS,
                        "an object has a child 'step' already, which is another one");
        root = est_object_checkpoint_root(b.c);
        est_trackable_slot(root, root, "m", b.step);
        EST_CHECK_FAILS(est_object_checkpoint_status(b.c), EST_INVALID_ARGUMENT,
                        "slot 'm' is one of an object that is no variable of the checkpoint");
    }
    net_end(&a);
    net_end(&b);
    if (net_begin(&a, "l", 2)) {
        est_trackable_layer(est_object_checkpoint_root(a.c), "net", "nowhere");
        EST_CHECK_FAILS(est_object_checkpoint_status(a.c), EST_NOT_FOUND, "the session's graph has no variable 'nowhere/…'");
    }
    net_end(&a);
    EST_NEED_OK(est_object_checkpoint_new(NULL, &a.c));
    est_tensor words = { .dtype = EST_STRING };
    est_trackable_tensor(est_object_checkpoint_root(a.c), "w", &words);
    EST_CHECK_FAILS(est_object_checkpoint_status(a.c), EST_INVALID_ARGUMENT,
                    "'w' is a tensor of strings; a checkpoint's objects hold numbers");
    est_object_checkpoint_free(a.c);
}

/* Slots of one's own, a cycle of objects, names with "/" and ".". */
static void odd_graphs(void)
{
    net a, b;
    const char *path = est_test_path("o");
    est_checkpoint *c;
    for (int i = 0; i < 2; i++) {
        net *n = i ? &b : &a;
        if (!net_begin(n, "l", 2))
            continue;
        est_trackable *root = est_object_checkpoint_root(n->c), *odd = est_trackable_child(root, "a/b.c");
        est_trackable *kernel = est_trackable_variable(odd, "k", est_graph_variable(n->g, "l/kernel"));
        est_trackable_edge(odd, "parent", root);
        est_trackable_edge(root, "root", root);
        est_trackable_slot(est_trackable_child(root, "opt"), kernel, "mo/m", est_graph_variable(n->g, "training/Adam/l/kernel/m"));
    }
    net_train(&a);
    EST_CHECK_OK(est_object_checkpoint_write(a.c, path));
    EST_CHECK_OK(est_object_checkpoint_restore(b.c, path));
    EST_CHECK_OK(est_object_checkpoint_assert_consumed(b.c));
    EST_CHECK(value(&b, "training/Adam/l/kernel/m", 0) == value(&a, "training/Adam/l/kernel/m", 0));
    EST_CHECK(value(&b, "l/kernel", 1) == value(&a, "l/kernel", 1));
    if (EST_CHECK_OK(est_checkpoint_open(path, &c))) {
        EST_CHECK_INT(est_checkpoint_count(c), 3);
        EST_CHECK_STR(est_checkpoint_variable_at(c, 1)->name, "a.Sb..c/k/.ATTRIBUTES/VARIABLE_VALUE");
        EST_CHECK_STR(est_checkpoint_variable_at(c, 2)->name, "a.Sb..c/k/.OPTIMIZER_SLOT/opt/mo.Sm/.ATTRIBUTES/VARIABLE_VALUE");
        est_checkpoint_free(c);
    }
    net_end(&a);
    net_end(&b);
}

static void manager_keeps_some(void)
{
    est_object_checkpoint *c;
    est_checkpoint_manager *m;
    float number = 1;
    est_tensor t = { EST_FLOAT, EST_SCALAR, &number, NULL };
    bool restored = true;
    EST_NEED_OK(est_object_checkpoint_new(NULL, &c));
    est_trackable_tensor(est_object_checkpoint_root(c), "x", &t);
    EST_CHECK_FAILS(est_checkpoint_manager_new(c, "d", 0, NULL, &m), EST_INVALID_ARGUMENT,
                    "est_checkpoint_manager_new: max_to_keep is 0; it must be at least 1, or EST_OFF");
    if (EST_CHECK_OK(est_checkpoint_manager_new(c, est_test_path("m"), 2, NULL, &m))) {
        EST_CHECK_OK(est_checkpoint_manager_restore_or_initialize(m, &restored));
        EST_CHECK(!restored && est_checkpoint_manager_latest_checkpoint(m) == NULL);
        for (; number < 4; number++)
            EST_CHECK_OK(est_checkpoint_manager_save(m));
        EST_CHECK_INT(est_checkpoint_manager_checkpoints(m).count, 2);
        EST_CHECK_STR(est_checkpoint_manager_checkpoints(m).data[0], est_test_path("m/ckpt-2"));
        EST_CHECK(access(est_test_path("m/ckpt-1.index"), F_OK) != 0 && access(est_test_path("m/ckpt-2.index"), F_OK) == 0);
        est_checkpoint_manager_free(m);
    }
    est_checkpoint_manager_options o = { .checkpoint_name = "other", .keep_checkpoint_every_n_hours = 1e-9 };
    if (EST_CHECK_OK(est_checkpoint_manager_new(c, est_test_path("m"), 1, &o, &m))) {
        EST_CHECK_OK(est_checkpoint_manager_restore_or_initialize(m, &restored));
        EST_CHECK(restored);
        EST_CHECK_NEAR(number, 3, 0);
        EST_CHECK_OK(est_checkpoint_manager_save(m));
        EST_CHECK_STR(est_checkpoint_manager_latest_checkpoint(m), est_test_path("m/other-4"));
        EST_CHECK_INT(est_checkpoint_manager_checkpoints(m).count, 1);
        EST_CHECK(access(est_test_path("m/ckpt-3.index"), F_OK) == 0);       /* preserved */
        est_checkpoint_manager_free(m);
    }
    est_object_checkpoint_free(c);
}

/* Every allocation fails once: an error, and nothing lost. */
static void no_memory(void)
{
    float number = 1;
    est_tensor t = { EST_FLOAT, EST_SCALAR, &number, NULL };
    const char *path = est_test_path("n");
    int64_t n = 0;
    est_status st = EST_RESOURCE_EXHAUSTED;
    while (st != EST_OK && n < 500) {
        est_object_checkpoint *c = NULL;
        est_test_fail_allocation(++n);
        st = est_object_checkpoint_new(NULL, &c);
        if (st == EST_OK) {
            est_trackable_tensor(est_trackable_child(est_object_checkpoint_root(c), "o"), "x", &t);
            st = est_object_checkpoint_write(c, path);
        }
        if (st == EST_OK)
            st = est_object_checkpoint_restore(c, path);
        if (st == EST_OK)
            st = est_object_checkpoint_assert_consumed(c);
        est_test_fail_allocation(0);
        est_object_checkpoint_free(c);
    }
    EST_CHECK_OK(st);
    EST_CHECK(n > 10);
}

EST_SUITE(train_object_checkpoint, EST_TEST(goes_by_edges), EST_TEST(reads_tensorflow), EST_TEST(names_both_ways),
          EST_TEST(saved_model_of_objects), EST_TEST(what_does_not_match), EST_TEST(deferred), EST_TEST(builders_stick),
          EST_TEST(odd_graphs), EST_TEST(manager_keeps_some), EST_TEST(no_memory));
