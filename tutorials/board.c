/* What TensorBoard shows: a logistic regression over two clouds of points, trained in a session, with summaries of every kind in the
 * folders train and validation. tutorials/board.md explains it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <estimator/estimator.h>

enum { ROWS = 64, SIDE = 32, STEPS = 200, RATE = 8000, SAMPLES = 4000 };

struct model {
    est_graph *graph;
    est_session *session;
    est_optimizer *optimizer;
    est_node *x, *y, *loss, *probability, *train;
};

/* Numbers in [0, 1) that are the same each time. */
static float draw(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) / 16777216.0f;
}

/* Two clouds around (-1, -1) and (1, 1), which overlap. */
static void points(unsigned *state, float x[ROWS][2], float y[ROWS][1])
{
    for (int i = 0; i < ROWS; i++) {
        y[i][0] = (float)(i % 2);
        for (int k = 0; k < 2; k++)
            x[i][k] = (y[i][0] > 0 ? 1.0f : -1.0f) + 4 * (draw(state) + draw(state) - 1);
    }
}

static est_status build(struct model *m)
{
    est_status st = est_graph_new(&m->graph);
    if (st == EST_OK)
        st = est_adam_optimizer_new(&(est_adam_options){ .learning_rate = 0.05 }, &m->optimizer);
    if (st != EST_OK)
        return st;
    est_graph *g = m->graph;
    m->x = est_placeholder(g, "x", EST_FLOAT, EST_SHAPE(-1, 2));
    m->y = est_placeholder(g, "y", EST_FLOAT, EST_SHAPE(-1, 1));
    est_node *logits = est_dense(g, m->x, 1, &(est_dense_options){ .name = "logits" });
    m->loss = est_reduce_mean(g, est_sigmoid_cross_entropy(g, m->y, logits), EST_INTS(0, 1), false);
    m->probability = est_sigmoid(g, logits);
    m->train = est_optimizer_minimize_variables(m->optimizer, g, m->loss, est_graph_trainable_variables(g), NULL);
    return est_session_new(g, NULL, &m->session);
}

/* The probability of each place of a square, as a picture of red and blue. */
static est_status picture(const struct model *m, est_summary_writer *w, int step)
{
    static float at[SIDE * SIDE][2], pixels[SIDE * SIDE][3];
    const est_tensor *p;
    for (int i = 0; i < SIDE * SIDE; i++) {
        at[i][0] = (float)(i % SIDE) / SIDE * 6 - 3;
        at[i][1] = 3 - (float)(i / SIDE) / SIDE * 6;
    }
    est_tensor in = { .dtype = EST_FLOAT, .shape = EST_SHAPE(SIDE * SIDE, 2), .data = at };
    est_status st = est_session_run(m->session, EST_NODES(m->x), (const est_tensor *const[]){ &in }, EST_NODES(m->probability), &p);
    for (int i = 0; i < SIDE * SIDE && st == EST_OK; i++) {
        float v = ((const float *)p->data)[i];
        pixels[i][0] = v;
        pixels[i][1] = 0.2f;
        pixels[i][2] = 1 - v;
    }
    est_tensor image = { .dtype = EST_FLOAT, .shape = EST_SHAPE(1, SIDE, SIDE, 3), .data = pixels };
    return st == EST_OK ? est_summary_image(w, "probability", &image, step, 0) : st;
}

/* A tone that falls as the loss does. */
static est_status tone(est_summary_writer *w, float loss, int step)
{
    static float samples[SAMPLES];
    for (int i = 0; i < SAMPLES; i++)
        samples[i] = 0.5f * sinf(6.2831853f * (200 + 400 * loss) * (float)i / RATE);
    est_tensor sound = { .dtype = EST_FLOAT, .shape = EST_SHAPE(1, SAMPLES, 1), .data = samples };
    return est_summary_audio(w, "loss_as_a_tone", &sound, RATE, step, 0);
}

/* Loss and curve of one batch; with `train` it is one that the model learns from. */
static est_status run_batch(const struct model *m, est_summary_writer *w, unsigned *state, bool train, int step, float *loss)
{
    float x[ROWS][2], y[ROWS][1];
    const est_tensor *out[3];
    points(state, x, y);
    est_tensor in = { .dtype = EST_FLOAT, .shape = EST_SHAPE(ROWS, 2), .data = x };
    est_tensor labels = { .dtype = EST_FLOAT, .shape = EST_SHAPE(ROWS, 1), .data = y };
    est_node *fetches[] = { m->loss, m->probability, m->train };
    est_status st = est_session_run(m->session, EST_NODES(m->x, m->y), (const est_tensor *const[]){ &in, &labels },
                                    (est_nodes){ fetches, train ? 3 : 2 }, out);
    if (st != EST_OK)
        return st;
    *loss = *(const float *)out[0]->data;
    st = est_summary_scalar(w, "loss", (double)*loss, step);
    if (st == EST_OK && step % 50 == 0)
        st = est_summary_pr_curve(w, "curve", &labels, out[1], NULL, 0, step);
    return st;
}

static est_status train(const struct model *m, est_summary_writer *training, est_summary_writer *validation)
{
    unsigned state = 1, other = 2;
    float loss = 0, held = 0;
    const est_tensor *kernel;
    est_status st = est_summary_graph(training, m->graph);
    for (int step = 0; step <= STEPS && st == EST_OK; step++) {
        st = run_batch(m, training, &state, true, step, &loss);
        if (st == EST_OK && step % 10 == 0)
            st = run_batch(m, validation, &other, false, step, &held);
        if (st == EST_OK && step % 10 == 0)
            st = est_session_value(m->session, est_graph_variable(m->graph, "logits/kernel"), &kernel);
        if (st == EST_OK && step % 10 == 0)
            st = est_summary_histogram(training, "kernel", kernel, step);
        if (st == EST_OK && step % 50 == 0)
            st = picture(m, validation, step);
        if (st == EST_OK && step % 50 == 0)
            st = tone(training, loss, step);
    }
    if (st == EST_OK)
        st = est_summary_text(training, "notes", "Two **clouds**, one line between them.\n\n| cloud | centre |\n|---|---|\n| 0 | -1, -1 |\n"
                              "| 1 | 1, 1 |", STEPS);
    if (st == EST_OK)
        printf("loss %.3f, of other points %.3f\n", (double)loss, (double)held);
    return st;
}

/* The weights as points of the projector, out of a checkpoint beside the events. */
static est_status project(const struct model *m, const char *folder)
{
    est_object_checkpoint *c;
    char path[1100];
    est_status st = est_object_checkpoint_new(m->session, &c);
    if (st != EST_OK)
        return st;
    est_trackable_layer(est_object_checkpoint_root(c), "logits", "logits");
    snprintf(path, sizeof path, "%s/ckpt", folder);
    st = est_object_checkpoint_save(c, path, NULL, 0);
    est_object_checkpoint_free(c);
    if (st != EST_OK)
        return st;
    est_projector_embedding e = { .tensor_name = "logits/kernel/.ATTRIBUTES/VARIABLE_VALUE" };
    return est_projector_write(folder, NULL, &e, 1);
}

static est_status run(struct model *m, const char *folder)
{
    est_summary_writer *training = NULL, *validation = NULL;
    const est_hparam hparams[] = { { .name = "learning_rate", .number = 0.05 }, { .name = "optimizer", .text = "Adam" },
                                   { .name = "shuffled", .number = 0, .is_bool = true } };
    char path[1024];
    est_status st = build(m);
    snprintf(path, sizeof path, "%s/train", folder);
    if (st == EST_OK)
        st = est_summary_writer_new(path, NULL, &training);
    snprintf(path, sizeof path, "%s/validation", folder);
    if (st == EST_OK)
        st = est_summary_writer_new(path, NULL, &validation);
    if (st == EST_OK)
        st = est_summary_hparams(training, hparams, 3, NULL);
    if (st == EST_OK)
        st = train(m, training, validation);
    if (st == EST_OK)
        st = est_summary_hparams_end(training, true);
    snprintf(path, sizeof path, "%s/train", folder);
    if (st == EST_OK)
        st = project(m, path);
    est_summary_writer_free(training);
    est_summary_writer_free(validation);
    return st;
}

int main(int argc, char **argv)
{
    struct model m = { 0 };
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    est_status st = run(&m, argv[1]);
    if (st != EST_OK)
        fprintf(stderr, "%s\n", est_error());
    est_session_free(m.session);
    est_optimizer_free(m.optimizer);
    est_graph_free(m.graph);
    return st == EST_OK ? 0 : 1;
}
