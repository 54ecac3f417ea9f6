/* Object-based checkpoints: TensorFlow's guide to them (https://www.tensorflow.org/guide/checkpoint), in C. A net of one layer learns five
 * lines at once; it is saved as it goes, and a second run goes on where the first one stopped. tutorials/objects.md explains it. */
#include <stdio.h>

#include <estimator/estimator.h>

enum { BATCH = 2, UNITS = 5, STEPS = 50 };

/* The program's own state: a graph, its session, and the nodes that a step runs. */
struct program {
    est_graph *graph;
    est_session *session;
    est_optimizer *optimizer;
    est_node *x, *y, *step;
    est_node *loss, *train, *count;
};

static est_status build(struct program *p)
{
    est_graph *g;
    est_status st = est_graph_new(&p->graph);
    if (st == EST_OK)
        st = est_adam_optimizer_new(&(est_adam_options){ .learning_rate = 0.1 }, &p->optimizer);
    if (st != EST_OK)
        return st;
    g = p->graph;
    p->x = est_placeholder(g, "x", EST_FLOAT, EST_SHAPE(-1, 1));
    p->y = est_placeholder(g, "y", EST_FLOAT, EST_SHAPE(-1, UNITS));
    p->step = est_variable(g, "step", &(est_variable_options){ .dtype = EST_INT32, .not_trainable = true,
                                                              .initial_value = est_constant_int(g, EST_INT32, 1) });
    est_node *output = est_dense(g, p->x, UNITS, &(est_dense_options){ .name = "net/l1" });
    p->loss = est_reduce_mean(g, est_abs(g, est_sub(g, output, p->y)), EST_INTS(0, 1), false);
    p->train = est_optimizer_minimize_variables(p->optimizer, g, p->loss, est_graph_trainable_variables(g), NULL);
    p->count = est_op(g, "AssignAddVariableOp", NULL, EST_NODES(p->step, est_constant_int(g, EST_INT32, 1)), EST_NO_ATTRS);
    return est_session_new(g, NULL, &p->session);
}

/* tf.train.Checkpoint(step=…, optimizer=…, net=…) */
static est_status name_objects(const struct program *p, est_object_checkpoint **out)
{
    est_status st = est_object_checkpoint_new(p->session, out);
    if (st != EST_OK)
        return st;
    est_trackable *root = est_object_checkpoint_root(*out);
    est_trackable_variable(root, "step", p->step);
    est_trackable_optimizer(root, "optimizer", "training/Adam");
    est_trackable_layer(est_trackable_child(root, "net"), "l1", "net/l1");
    return est_object_checkpoint_status(*out);
}

/* The number that the steps have come to, beginning with 1. */
static est_status step_of(const struct program *p, int *step)
{
    const est_tensor *value;
    est_status st = est_session_value(p->session, p->step, &value);
    if (st == EST_OK)
        *step = *(const int32_t *)value->data;
    return st;
}

/* Rows x = 0 … 9 and y = 5 x + (0, 1, 2, 3, 4), over and over: which two they are follows from the step. */
static est_status train_step(const struct program *p, int step, float *loss)
{
    float x[BATCH], y[BATCH][UNITS];
    const est_tensor *out[3];
    for (int row = 0; row < BATCH; row++) {
        x[row] = (float)(((step - 1) * BATCH + row) % 10);
        for (int k = 0; k < UNITS; k++)
            y[row][k] = x[row] * 5 + (float)k;
    }
    est_tensor in = { .dtype = EST_FLOAT, .shape = EST_SHAPE(BATCH, 1), .data = x };
    est_tensor labels = { .dtype = EST_FLOAT, .shape = EST_SHAPE(BATCH, UNITS), .data = y };
    est_status st = est_session_run(p->session, EST_NODES(p->x, p->y), (const est_tensor *const[]){ &in, &labels },
                                    EST_NODES(p->loss, p->train, p->count), out);
    if (st == EST_OK)
        *loss = *(const float *)out[0]->data;
    return st;
}

static est_status train_and_checkpoint(const struct program *p, est_checkpoint_manager *manager)
{
    int step = 0;
    float loss;
    est_status st = EST_OK;
    for (int i = 0; i < STEPS && st == EST_OK; i++) {
        st = step_of(p, &step);
        if (st == EST_OK)
            st = train_step(p, step, &loss);
        if (st != EST_OK || (step + 1) % 10 != 0)
            continue;
        st = est_checkpoint_manager_save(manager);
        if (st == EST_OK)
            printf("Saved checkpoint for step %d: %s\nloss %.2f\n", step + 1, est_checkpoint_manager_latest_checkpoint(manager), loss);
    }
    return st;
}

/* Values that are wanted alone, without the program that made them; and what comes later gets its value when it comes. */
static est_status look_at_bias(const char *path)
{
    float bias[UNITS] = { 0 }, kernel[UNITS] = { 0 };
    est_tensor b = { .dtype = EST_FLOAT, .shape = EST_SHAPE(UNITS), .data = bias };
    est_tensor k = { .dtype = EST_FLOAT, .shape = EST_SHAPE(1, UNITS), .data = kernel };
    est_object_checkpoint *c;
    est_status st = est_object_checkpoint_new(NULL, &c);
    if (st != EST_OK)
        return st;
    est_trackable *layer = est_trackable_child(est_trackable_child(est_object_checkpoint_root(c), "net"), "l1");
    est_trackable_tensor(layer, "bias", &b);
    st = est_object_checkpoint_restore(c, path);
    printf("bias   %.4f %.4f %.4f %.4f %.4f\n", bias[0], bias[1], bias[2], bias[3], bias[4]);
    est_trackable_tensor(layer, "kernel", &k);      /* deferred restoration */
    printf("kernel %.4f %.4f %.4f %.4f %.4f\n", kernel[0], kernel[1], kernel[2], kernel[3], kernel[4]);
    if (st == EST_OK)
        st = est_object_checkpoint_assert_existing_objects_matched(c);
    if (st == EST_OK && est_object_checkpoint_assert_consumed(c) != EST_OK)
        printf("not all of it: %s\n", est_error());
    est_object_checkpoint_free(c);
    return st;
}

static est_status run(struct program *p, const char *directory)
{
    est_object_checkpoint *checkpoint = NULL;
    est_checkpoint_manager *manager = NULL;
    bool restored = false;
    est_status st = build(p);
    if (st == EST_OK)
        st = name_objects(p, &checkpoint);
    if (st == EST_OK)
        st = est_checkpoint_manager_new(checkpoint, directory, 3, NULL, &manager);
    if (st == EST_OK)
        st = est_checkpoint_manager_restore_or_initialize(manager, &restored);
    if (st == EST_OK && restored)
        st = est_object_checkpoint_assert_consumed(checkpoint);
    if (st == EST_OK) {
        if (restored)
            printf("Restored from %s\n", est_checkpoint_manager_latest_checkpoint(manager));
        else
            puts("Initializing from scratch.");
        st = train_and_checkpoint(p, manager);
    }
    if (st == EST_OK)
        st = look_at_bias(est_checkpoint_manager_latest_checkpoint(manager));
    est_checkpoint_manager_free(manager);
    est_object_checkpoint_free(checkpoint);
    return st;
}

int main(int argc, char **argv)
{
    struct program p = { 0 };
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    est_status st = run(&p, argv[1]);
    if (st != EST_OK)
        fprintf(stderr, "%s\n", est_error());
    est_session_free(p.session);
    est_optimizer_free(p.optimizer);
    est_graph_free(p.graph);
    return st == EST_OK ? 0 : 1;
}
