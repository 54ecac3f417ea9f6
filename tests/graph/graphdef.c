/* GraphDef out and in: the same graph again, no more of it than is wanted; what is wrong with a foreign one,
 * word for word. */
#include <estimator/nn.h>

#include "graph/attr.h"
#include "graph/graphdef.h"
#include "graph/lab.h"
#include "proto/pack.h"

/* ---- out and in ---- */

/* Words through a table into a hidden layer, and a training step: most kinds of nodes and attributes. */
static est_node *small_dnn(lab *l, est_node **train)
{
    est_graph *g = l->g;
    est_node *words = lab_feed(l, "words", EST_SHAPE(-1),
                               lab_strings(l, EST_SHAPE(2), (const char *const[]){ "b", "z" }));
    est_node *x = lab_feed(l, "x", EST_SHAPE(-1, 3),
                           lab_floats(l, EST_SHAPE(2, 3), (float[]){ 1, 2, 3, 4, 5, 6 }));
    est_node *labels = lab_feed(l, "labels", EST_SHAPE(-1),
                                lab_ints(l, EST_INT64, EST_SHAPE(2), (int64_t[]){ 0, 1 }));
    est_node *step = est_variable(g, "global_step",
                                  &(est_variable_options){ .dtype = EST_INT64, .not_trainable = true });
    est_node *table = est_vocabulary_table(g, "table", est_constant_strings(g, EST_STRINGS("a", "b")),
                                           est_constant_ints(g, EST_INT64, EST_INTS(0, 1)));
    est_node *ids = est_table_find(g, table, words, est_constant_int(g, EST_INT64, 2));
    est_node *known = est_one_hot(g, ids, 3, 1, 0);
    est_node *h = est_dense(g, est_concat(g, EST_NODES(x, known), 1), 4,
                            &(est_dense_options){ .activation = est_relu, .name = "hidden" });
    est_node *logits = est_dense(g, est_leaky_relu(g, h, 0.1), 2, &(est_dense_options){ .name = "logits" });
    est_node *loss = est_reduce_mean(g, est_sparse_softmax_cross_entropy(g, labels, logits), EST_INTS(0),
                                     false);
    est_optimizer *adam;
    if (!EST_CHECK_OK(est_optimizer_new("Adam", NULL, 0, &adam)))
        return NULL;
    *train = est_optimizer_minimize(adam, g, loss, step);
    est_optimizer_free(adam);
    return loss;
}

static void same_operation(const est_operation *a, const est_operation *b)
{
    EST_CHECK(a->row == b->row);
    if (!EST_CHECK_INT(a->num_inputs, b->num_inputs) || !EST_CHECK_INT(a->num_controls, b->num_controls) ||
        !EST_CHECK_INT(a->num_outputs, b->num_outputs) || !EST_CHECK_INT(a->num_attrs, b->num_attrs))
        return;
    for (int i = 0; i < a->num_inputs; i++) {
        EST_CHECK_STR(a->input[i]->op->name, b->input[i]->op->name);
        EST_CHECK_INT(a->input[i]->index, b->input[i]->index);
    }
    for (int i = 0; i < a->num_controls; i++)
        EST_CHECK_STR(a->control[i]->name, b->control[i]->name);
    for (int i = 0; i < a->num_attrs; i++)
        est_test_true(est__attr_equal(&a->attr[i], &b->attr[i]),
                      EST_HERE(est_test_text("%s.%s", a->name, a->attr[i].name)));
    for (int i = 0; i < a->num_outputs; i++) {
        EST_CHECK_INT(a->output[i].dtype, b->output[i].dtype);
        est_test_true(est_shape_equal(&a->output[i].shape, &b->output[i].shape), EST_HERE(a->name));
    }
}

static bool out_and_in(const est_graph *g, est_strings wanted, est_graph *to)
{
    est__arena arena = { 0 };
    est__buffer wire = { 0 };
    Tensorflow__GraphDef *def, *back = NULL;
    bool done = EST_CHECK_OK(est__graph_export(g, &arena, &def)) &&
                EST_CHECK_OK(est__proto_pack(def, &wire)) &&
                EST_CHECK_OK(est__proto_unpack(&tensorflow__graph_def__descriptor, wire.data, wire.size,
                                               "graph", &back)) &&
                EST_CHECK_OK(est__graph_import(to, back, wanted));
    if (back)
        EST_CHECK_INT(back->versions->producer, 1645);
    est__proto_free(back);
    est__buffer_free(&wire);
    est__arena_free(&arena);
    return done;
}

static void the_same_again(void)
{
    lab l;
    est_node *train = NULL, *loss = NULL;
    est_graph *again;
    EST_NEED(lab_begin(&l) && (loss = small_dnn(&l, &train)) != NULL);
    EST_NEED_OK(est_graph_status(l.g));
    EST_NEED_OK(est_graph_new(&again));
    const char **all = est__malloc(l.g->num_operations * sizeof *all);
    for (size_t i = 0; i < l.g->num_operations; i++)
        all[i] = l.g->operation[i]->name;
    if (out_and_in(l.g, (est_strings){ all, l.g->num_operations }, again) &&
        EST_CHECK_INT(again->num_operations, l.g->num_operations))
        for (size_t i = 0; i < l.g->num_operations; i++) {
            const est_node *n = est_graph_node(again, all[i]);
            if (EST_CHECK(n != NULL))
                same_operation(l.g->operation[i], n->op);
        }
    est__free(all);
    est_graph_free(again);
    lab_end(&l);
}

static void three_results(est_graph *g, est_nodes in, est_node **results, void *user)
{
    (void)in;
    results[0] = est_neg(g, user);
    results[1] = est_constant_string(g, "a");
    results[2] = est_constant_int(g, EST_INT64, 1);
}

/* Attributes that a network does not have: functions, lists of shapes and floats, text with a zero in it. */
static void every_kind_of_attribute(void)
{
    static const char zero[] = "a\0b";
    lab l;
    est_graph *again;
    EST_NEED(lab_begin(&l));
    est_shape shapes[] = { EST_SHAPE(2, -1), EST_SCALAR, { .rank = -1 } };
    est_dtype types[] = { EST_FLOAT, EST_STRING, EST_INT64 };
    double boundaries[] = { -0.1, 0.3 };
    est_node *x = lab_feed(&l, "x", shapes[0], NULL), *any = lab_feed(&l, "any", shapes[2], NULL);
    est_node *made = est_cond(l.g, est_constant_int(l.g, EST_BOOL, 1), three_results, three_results, 3, x);
    est_node *cond = est_op(
        l.g, "If", "cond", EST_NODES(est_constant_int(l.g, EST_BOOL, 1), x),
        EST_ATTRS({ .name = "Tout", .kind = EST_ATTR_TYPES, .list = { 3, { .type = types } } },
                  *est__attr(made->op, "then_branch"), *est__attr(made->op, "else_branch"),
                  { .name = "output_shapes", .kind = EST_ATTR_SHAPES, .list = { 3, { .shape = shapes } } }));
    est_op(l.g, "Bucketize", "buckets", EST_NODES(x),
           EST_ATTRS({ .name = "boundaries", .kind = EST_ATTR_FLOATS, .list = { 2, { .f = boundaries } } }));
    est_squeeze(l.g, any, EST_INTS(-1, 0));
    est_op(l.g, "StringJoin", "text", EST_NODES(est_node_output(cond, 1)),
           EST_ATTRS({ .name = "separator", .kind = EST_ATTR_STRING, .s = { zero, sizeof zero - 1 } }));
    EST_NEED_OK(est_graph_status(l.g));
    EST_NEED_OK(est_graph_new(&again));
    if (out_and_in(l.g, EST_STRINGS("StatelessIf", "cond", "buckets", "Squeeze", "text"), again) &&
        EST_CHECK_INT(again->num_operations, l.g->num_operations))
        for (size_t i = 0; i < l.g->num_operations; i++)
            same_operation(l.g->operation[i], est_graph_node(again, l.g->operation[i]->name)->op);
    est_graph_free(again);
    lab_end(&l);
}

/* What was written and read computes the same bits, although kernels saw 0.1 as a float and as a double. */
static void the_same_numbers(void)
{
    lab l, again;
    est_node *train = NULL, *loss = NULL;
    est_tensor *a, *b;
    EST_NEED(lab_begin(&l) && lab_begin(&again) && (loss = small_dnn(&l, &train)) != NULL &&
             lab_initialize(&l));
    for (size_t i = 0; i < l.g->num_initializers; i++)
        EST_CHECK(
            lab_run(&l, (est_nodes){ 0 }, EST_NODES(est__operation_node(l.g->initializer[i])), false, NULL));
    if (out_and_in(l.g, EST_STRINGS(est_node_name(loss), est_node_name(train)), again.g)) {
        est__resources *own = again.resources;
        again.resources = l.resources;
        for (size_t i = 0; i < l.num_feeds; i++) {
            again.feed[i] = est_graph_node(again.g, est_node_name(l.feed[i]));
            again.value[i] = l.value[i];
        }
        again.num_feeds = l.num_feeds;
        if (lab_run(&l, EST_NODES(loss), (est_nodes){ 0 }, false, &a) &&
            lab_run(&again, EST_NODES(est_graph_node(again.g, est_node_name(loss))), (est_nodes){ 0 }, false,
                    &b))
            lab_same(a, b, "loss");
        EST_CHECK(lab_run(&again, (est_nodes){ 0 }, EST_NODES(est_graph_node(again.g, est_node_name(train))),
                          false, NULL));
        EST_CHECK_STR(lab_variable_text(&l, "global_step"), "int64[] 1");
        again.resources = own;
    }
    lab_end(&again);
    lab_end(&l);
}

/* ---- foreign graphs, made by hand ---- */

typedef struct foreign {
    Tensorflow__GraphDef def;
    Tensorflow__NodeDef node[64], *nodes[64];
    char *input[256];
    size_t num_inputs;
    est__arena arena;
} foreign;

static void foreign_begin(foreign *f)
{
    memset(f, 0, sizeof *f);
    tensorflow__graph_def__init(&f->def);
    f->def.node = f->nodes;
}

/* Inputs are separated by blanks. */
static Tensorflow__NodeDef *add(foreign *f, const char *op, const char *name, const char *inputs)
{
    Tensorflow__NodeDef *n = f->nodes[f->def.n_node] = &f->node[f->def.n_node];
    f->def.n_node++;
    tensorflow__node_def__init(n);
    n->op = (char *)(uintptr_t)op;
    n->name = (char *)(uintptr_t)name;
    n->input = f->input + f->num_inputs;
    for (char *at = est__arena_strdup(&f->arena, inputs), *save, *word = strtok_r(at, " ", &save); word;
         word = strtok_r(NULL, " ", &save))
        n->input[n->n_input++] = word;
    f->num_inputs += n->n_input;
    return n;
}

static Tensorflow__AttrValue *attr(foreign *f, Tensorflow__NodeDef *n, const char *key,
                                   Tensorflow__AttrValue__ValueCase kind)
{
    Tensorflow__NodeDef__AttrEntry *e = est__arena_alloc(&f->arena, sizeof *e),
                                   **all = est__arena_alloc(&f->arena, 8 * sizeof *all);
    tensorflow__node_def__attr_entry__init(e);
    if (n->n_attr)
        memcpy(all, n->attr, n->n_attr * sizeof *all);
    n->attr = all;
    n->attr[n->n_attr++] = e;
    e->key = (char *)(uintptr_t)key;
    e->value = est__arena_alloc(&f->arena, sizeof *e->value);
    tensorflow__attr_value__init(e->value);
    e->value->value_case = kind;
    return e->value;
}

static Tensorflow__NodeDef *add_placeholder(foreign *f, const char *name)
{
    Tensorflow__NodeDef *n = add(f, "Placeholder", name, "");
    attr(f, n, "dtype", TENSORFLOW__ATTR_VALUE__VALUE_TYPE)->type = TENSORFLOW__DATA_TYPE__DT_FLOAT;
    return n;
}

static Tensorflow__TensorProto *tensor(foreign *f, Tensorflow__AttrValue *v, int dtype, int rank,
                                       const int64_t *dims)
{
    v->tensor = est__arena_alloc(&f->arena, sizeof *v->tensor);
    tensorflow__tensor_proto__init(v->tensor);
    v->tensor->dtype = (Tensorflow__DataType)dtype;
    Tensorflow__TensorShapeProto *s = v->tensor->tensor_shape = est__arena_alloc(&f->arena, sizeof *s);
    tensorflow__tensor_shape_proto__init(s);
    s->n_dim = (size_t)rank;
    s->dim = est__arena_alloc(&f->arena, ((size_t)rank + 1) * sizeof *s->dim);
    for (int i = 0; i < rank; i++) {
        s->dim[i] = est__arena_alloc(&f->arena, sizeof **s->dim);
        tensorflow__tensor_shape_proto__dim__init(s->dim[i]);
        s->dim[i]->size = dims[i];
    }
    return v->tensor;
}

static Tensorflow__TensorProto *add_const(foreign *f, const char *name, int dtype, int rank,
                                          const int64_t *dims)
{
    Tensorflow__NodeDef *n = add(f, "Const", name, "");
    attr(f, n, "dtype", TENSORFLOW__ATTR_VALUE__VALUE_TYPE)->type = (Tensorflow__DataType)dtype;
    return tensor(f, attr(f, n, "value", TENSORFLOW__ATTR_VALUE__VALUE_TENSOR), dtype, rank, dims);
}

/* Imports `wanted` of what was made, then begins anew. */
static void imported(foreign *f, const char *wanted, est_status status, const char *message,
                     est_test_place at)
{
    est_graph *g;
    EST_NEED_OK(est_graph_new(&g));
    est_status st = est__graph_import(g, &f->def, EST_STRINGS(wanted));
    if (status == EST_OK)
        est_test_ok(st, at);
    else
        est_test_fails(st, status, message, at);
    est_graph_free(g);
    est__arena_free(&f->arena);
    foreign_begin(f);
}
#define IMPORTED(f, wanted, status, message) imported((f), (wanted), (status), (message), EST_HERE(message))

static void only_what_is_wanted(void)
{
    foreign f;
    est_graph *g;
    foreign_begin(&f);
    add(&f, "NonesuchOp", "unknown", "x");
    add_placeholder(&f, "x");
    add(&f, "Relu", "wanted", "x ^after");       /* before what it takes, in the file */
    add(&f, "Neg", "not_wanted", "unknown");
    add(&f, "NoOp", "after", "");
    EST_NEED_OK(est_graph_new(&g));
    EST_CHECK_OK(est__graph_import(g, &f.def, EST_STRINGS("wanted:0", "wanted")));
    EST_CHECK_INT(g->num_operations, 3);
    EST_CHECK(est_graph_node(g, "wanted") != NULL && est_graph_node(g, "not_wanted") == NULL);
    EST_CHECK_STR(est_graph_node(g, "wanted")->op->control[0]->name, "after");
    EST_CHECK_OK(est__graph_import(g, &f.def, EST_STRINGS("wanted", "x")));          /* there already */
    EST_CHECK_INT(g->num_operations, 3);
    est_graph_free(g);
    IMPORTED(&f, "not_wanted", EST_UNIMPLEMENTED, "op NonesuchOp ('unknown') is not known here");
}

static void wrong_graphs(void)
{
    foreign f;
    foreign_begin(&f);
    add(&f, "Relu", "a", "x");
    IMPORTED(&f, "a", EST_DATA_LOSS, "graph: node 'x', which 'a' wants, is not there");
    IMPORTED(&f, "b", EST_DATA_LOSS, "graph: node 'b', which 'the caller' wants, is not there");
    add_placeholder(&f, "x");
    add(&f, "Relu", "x", "x");
    IMPORTED(&f, "x", EST_DATA_LOSS, "graph: there are two nodes 'x'");
    add(&f, "Relu", "a", "b");
    add(&f, "Relu", "b", "c");
    add(&f, "Relu", "c", "a");
    IMPORTED(&f, "a", EST_UNIMPLEMENTED, "graph: node 'c' depends on itself (a loop)");
    add(&f, "Relu", "a", "a");
    IMPORTED(&f, "a", EST_UNIMPLEMENTED, "graph: node 'a' depends on itself (a loop)");
    add_placeholder(&f, "x");
    add(&f, "NoOp", "a", "^b");
    add(&f, "NoOp", "b", "^x ^a");
    IMPORTED(&f, "a", EST_UNIMPLEMENTED, "graph: node 'b' depends on itself (a loop)");
    add_placeholder(&f, "x");
    add(&f, "Relu", "a", "x:1");
    IMPORTED(&f, "a", EST_DATA_LOSS, "graph: node 'a': input 'x:1' is no output of a node");
    add(&f, "NoOp", "n", "");
    add(&f, "Relu", "a", "n");
    IMPORTED(&f, "a", EST_DATA_LOSS, "graph: node 'a': input 'n' is no output of a node");
    add_placeholder(&f, "x");
    add(&f, "AddV2", "a", "x");
    IMPORTED(&f, "a", EST_INVALID_ARGUMENT, "AddV2 'a': it takes 2 inputs, 1 are given");
    attr(&f, add_placeholder(&f, "x"), "shpe", TENSORFLOW__ATTR_VALUE__VALUE_I);
    IMPORTED(&f, "x", EST_INVALID_ARGUMENT, "Placeholder 'x': it has no attribute 'shpe'");
    attr(&f, add_placeholder(&f, "x"), "_shpe", TENSORFLOW__ATTR_VALUE__VALUE_I);
    IMPORTED(&f, "x", EST_OK, "");
    attr(&f, add_placeholder(&f, "x"), "shape", TENSORFLOW__ATTR_VALUE__VALUE__NOT_SET);
    IMPORTED(&f, "x", EST_UNIMPLEMENTED, "graph: node 'x': attribute 'shape' holds nothing that can be read");
    attr(&f, add(&f, "Placeholder", "x", ""), "dtype", TENSORFLOW__ATTR_VALUE__VALUE_TYPE)->type =
        (Tensorflow__DataType)8;
    IMPORTED(&f, "x", EST_INVALID_ARGUMENT,
             "Placeholder 'x': invalid is not among the types it takes for 'dtype'");
}

static void wrong_constants(void)
{
    foreign f;
    float values[] = { 1, 2, 3, 4 };
    foreign_begin(&f);
    add_const(&f, "c", EST_FLOAT, 2, (int64_t[]){ INT64_MAX / 4, 16 });
    IMPORTED(&f, "c", EST_DATA_LOSS, "c: a constant has a bad dimension");
    add_const(&f, "c", EST_FLOAT, 1, (int64_t[]){ -1 });
    IMPORTED(&f, "c", EST_DATA_LOSS, "c: a constant has a bad dimension");
    add_const(&f, "c", EST_FLOAT, 1, (int64_t[]){ 1LL << 40 });                      /* 4 TB out of nothing */
    IMPORTED(&f, "c", EST_DATA_LOSS, "c: a constant of 1099511627776 elements holds 0 values");
    add_const(&f, "c", EST_FLOAT, 9, (int64_t[]){ 1, 1, 1, 1, 1, 1, 1, 1, 1 });
    IMPORTED(&f, "c", EST_DATA_LOSS, "c: the shape of a constant is not known");
    add_const(&f, "c", EST_RESOURCE, 0, NULL);
    IMPORTED(&f, "c", EST_UNIMPLEMENTED, "c: a constant of dtype 20 cannot be read");
    Tensorflow__TensorProto *t = add_const(&f, "c", EST_FLOAT, 1, (int64_t[]){ 3 });
    t->float_val = values;
    t->n_float_val = 4;
    IMPORTED(&f, "c", EST_DATA_LOSS, "c: a constant of 3 elements holds 4 values");
    t = add_const(&f, "c", EST_FLOAT, 1, (int64_t[]){ 3 });
    t->tensor_content = (ProtobufCBinaryData){ 16, (uint8_t *)values };
    IMPORTED(&f, "c", EST_DATA_LOSS, "c: a constant of 3 elements holds 16 bytes");
    Tensorflow__NodeDef *n = add(&f, "Const", "c", "");
    tensor(&f, attr(&f, n, "value", TENSORFLOW__ATTR_VALUE__VALUE_TENSOR), EST_FLOAT, 0, NULL);
    tensor(&f, attr(&f, n, "other", TENSORFLOW__ATTR_VALUE__VALUE_TENSOR), EST_FLOAT, 0, NULL);
    IMPORTED(&f, "c", EST_DATA_LOSS, "graph: node 'c' holds two tensors");
    n = add(&f, "Const", "c", "");
    attr(&f, n, "dtype", TENSORFLOW__ATTR_VALUE__VALUE_TYPE)->type = TENSORFLOW__DATA_TYPE__DT_INT64;
    tensor(&f, attr(&f, n, "value", TENSORFLOW__ATTR_VALUE__VALUE_TENSOR), EST_FLOAT, 0, NULL);
    IMPORTED(&f, "c", EST_INVALID_ARGUMENT, "Const 'c': its value is float32, not int64 (inputs: none)");
}

/* Lists of values that end early mean that the last goes on; and a byte of a bool that is not 0 is true. */
static void odd_constants(void)
{
    foreign f;
    float values[] = { 1, 2 };
    uint8_t bytes[] = { 0, 7, 255 };
    lab l;
    foreign_begin(&f);
    EST_NEED(lab_begin(&l));
    Tensorflow__TensorProto *t = add_const(&f, "stretched", EST_FLOAT, 1, (int64_t[]){ 4 });
    t->float_val = values;
    t->n_float_val = 2;
    add_const(&f, "nothing", EST_INT64, 2, (int64_t[]){ 1, 2 });
    add_const(&f, "text", EST_STRING, 1, (int64_t[]){ 2 });
    add_const(&f, "empty", EST_STRING, 2, (int64_t[]){ 0, 3 });
    t = add_const(&f, "bools", EST_BOOL, 1, (int64_t[]){ 3 });
    t->tensor_content = (ProtobufCBinaryData){ 3, bytes };
    EST_CHECK_OK(
        est__graph_import(l.g, &f.def, EST_STRINGS("stretched", "nothing", "text", "empty", "bools")));
    EST_CHECK_STR(lab_value(&l, est_graph_node(l.g, "stretched")), "float32[4] 1 2 2 2");
    EST_CHECK_STR(lab_value(&l, est_graph_node(l.g, "nothing")), "int64[1,2] 0 0");
    EST_CHECK_STR(lab_value(&l, est_graph_node(l.g, "text")), "string[2] '' ''");
    EST_CHECK_STR(lab_value(&l, est_graph_node(l.g, "empty")), "string[0,3]");
    EST_CHECK_STR(lab_value(&l, est_graph_node(l.g, "bools")), "bool[3] 0 1 1");
    lab_end(&l);
    est__arena_free(&f.arena);
}

static void wrong_lists(void)
{
    foreign f;
    int64_t ints[] = { 1, 2 };
    float floats[] = { 1 };
    foreign_begin(&f);
    for (int i = 0; i < 3; i++) {
        add_placeholder(&f, "x");
        Tensorflow__AttrValue *v = attr(&f, add(&f, "Squeeze", "s", "x"), "squeeze_dims",
                                        TENSORFLOW__ATTR_VALUE__VALUE_LIST);
        v->list = est__arena_alloc(&f.arena, sizeof *v->list);
        tensorflow__attr_value__list_value__init(v->list);
        v->list->i = ints;
        v->list->n_i = i < 2 ? 2 : 0;
        v->list->f = floats;
        v->list->n_f = i > 0;
        if (i == 0)
            IMPORTED(&f, "s", EST_OK, "");
        else if (i == 1)
            IMPORTED(&f, "s", EST_DATA_LOSS,
                     "graph: node 's': attribute 'squeeze_dims' is a list of mixed kinds");
        else
            IMPORTED(&f, "s", EST_INVALID_ARGUMENT,
                     "Squeeze 's': attribute 'squeeze_dims' is of another kind");
    }
    /* Counts of outputs that are negative, or together overflow. */
    int64_t counts[] = { -1, -2, INT64_MAX, 1 << 17, 0 };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        tensor(&f, attr(&f, add(&f, "Const", "axis", ""), "value", TENSORFLOW__ATTR_VALUE__VALUE_TENSOR),
               EST_INT32, 0, NULL);
        attr(&f, f.nodes[0], "dtype", TENSORFLOW__ATTR_VALUE__VALUE_TYPE)->type =
            TENSORFLOW__DATA_TYPE__DT_INT32;
        add_placeholder(&f, "x");
        attr(&f, add(&f, "Split", "s", "axis x"), "num_split", TENSORFLOW__ATTR_VALUE__VALUE_I)->i =
            counts[i];
        IMPORTED(&f, "s", EST_INVALID_ARGUMENT,
                 counts[i] == 0
                     ? "Split 's': num_split must be at least 1 (inputs: 'axis' [], 'x' ?)"
                     : est_test_text("Split 's': 'output' would be %lld outputs; 0 to 65536 are possible",
                                     (long long)counts[i]));
    }
}

/* ---- sizes ---- */

/* Names "n0", "n1", …; each takes the one before, through data or as something to come after. */
static void deep_chain(void)
{
    enum { DEPTH = 100000 };
    lab l;
    est_graph *again;
    est_gradient d;
    est_tensor *out;
    EST_NEED(lab_begin(&l));
    est_node *v = lab_variable(&l, "v", EST_SCALAR, (float[]){ 3 }), *x = est_read(l.g, v);
    for (int i = 0; i < DEPTH; i++)
        x = i % 2 ? est_neg(l.g, x) : est_identity(l.g, x);
    est_node *set = est_op(l.g, "AssignVariableOp", "set", EST_NODES(v, est_constant_float(l.g, 9)),
                           EST_NO_ATTRS);
    EST_NEED_OK(est_graph_status(l.g));
    EST_NEED(lab_initialize(&l));
    for (int unfused = 0; unfused < 2; unfused++)
        if (EST_CHECK(lab_run(&l, EST_NODES(x), EST_NODES(set), unfused, &out)))
            /* the value at the start of the step */
            EST_CHECK_NEAR(est__tensor_get(out, 0), unfused ? 9 : 3, 0);
    if (EST_CHECK_OK(est_graph_new(&again)))
        out_and_in(l.g, EST_STRINGS(est_node_name(x)), again);
    EST_CHECK_INT(again->num_operations, DEPTH + 2);
    est_graph_free(again);
    if (EST_CHECK_OK(est_gradients(l.g, x, EST_NODES(v), &d)) &&
        EST_CHECK(lab_run(&l, EST_NODES(d.value), (est_nodes){ 0 }, false, &out)))
        EST_CHECK_NEAR(est__tensor_get(out, 0), 1, 0);
    lab_end(&l);
}

/* A node that comes after all others, and many nodes that are alike. */
static void wide_graph(void)
{
    enum { WIDTH = 100000 };
    lab l;
    est_graph *again;
    EST_NEED(lab_begin(&l));
    est_node *x = lab_const(&l, EST_SCALAR, (float[]){ 1 }),
             *all = est_op(l.g, "NoOp", "all", (est_nodes){ 0 }, EST_NO_ATTRS);
    for (int i = 0; i < WIDTH; i++)
        est_node_after(all, i % 2 ? est_neg(l.g, x) : est_constant_float(l.g, i));
    EST_CHECK(lab_run(&l, (est_nodes){ 0 }, EST_NODES(all), false, NULL));
    if (EST_CHECK_OK(est_graph_new(&again)))
        out_and_in(l.g, EST_STRINGS("all"), again);
    EST_CHECK_INT(again->num_operations, WIDTH + 2);
    est_graph_free(again);
    lab_end(&l);
}

EST_SUITE(graph_graphdef, EST_TEST(the_same_again), EST_TEST(every_kind_of_attribute),
          EST_TEST(the_same_numbers), EST_TEST(only_what_is_wanted), EST_TEST(wrong_graphs),
          EST_TEST(wrong_constants), EST_TEST(odd_constants), EST_TEST(wrong_lists), EST_TEST(deep_chain),
          EST_TEST(wide_graph));
