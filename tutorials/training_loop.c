/* The training loop with callbacks: handwritten digits, learnt by a net of one hidden layer. tutorials/training_loop.md explains it.
 *     training_loop DIGITS_TRAIN.npz DIGITS_EVAL.npz FOLDER [EPOCHS_OF_THIS_RUN] */
#include <stdio.h>
#include <stdlib.h>

#include <estimator/estimator.h>

enum { PIXELS = 14 * 14, EPOCHS = 8, BATCH = 50 };

/* Rows of an image and its digit; each epoch shuffles them anew. `user` is the file's path. */
static est_status digits(const est_input_context *context, est_dataset **out, void *user)
{
    const est_feature features[] = { { .name = "image", .dtype = EST_FLOAT, .shape = EST_SHAPE(PIXELS) },
                                     { .name = "label", .dtype = EST_INT64, .shape = EST_SCALAR } };
    est_numpy_options options = { .input_path = EST_STRINGS((const char *)user), .features = { features, 2 }, .label = EST_STRINGS("label") };
    est_status st = est_numpy_dataset_new(&options, out);
    if (st == EST_OK && context->mode == EST_TRAIN)
        est_dataset_shuffle(*out, 10000, 0, false);
    if (st == EST_OK)
        est_dataset_batch(*out, BATCH, false);
    return st;
}

/* The model: from pixels to a logit for each digit. */
static est_node *net(est_graph *g, const est_features *features, est_mode mode, void *user)
{
    (void)user;
    est_node *x = est_mul(g, est_features_find(features, "image")->value, est_constant_float(g, 1.0 / 255));
    est_node *h = est_dense(g, x, 64, &(est_dense_options){ .activation = est_activation("relu"), .name = "hidden" });
    if (mode == EST_TRAIN)
        h = est_dropout(g, h, 0.2);
    return est_dense(g, h, 10, &(est_dense_options){ .name = "logits" });
}

/* A callback of one's own: tells of each phase, and ends a run after so many epochs of it. */
struct teller {
    int64_t epochs_left;
};

static est_status tell(est_training_loop *l, est_loop_event event, void *user)
{
    struct teller *t = user;
    const est_results *stats = est_training_loop_last_stats(l);
    double rate;
    if (event == EST_EPOCH_END)
        return --t->epochs_left == 0 ? est_training_loop_cancel(l, EST_CANCEL_FIT) : EST_OK;
    est_status st = est_training_loop_learning_rate(l, &rate);
    if (st == EST_OK && stats)
        printf("epoch %lld %-10s loss %.4f accuracy %.4f top5Accuracy %.4f rate %.6f\n", (long long)est_training_loop_epoch_index(l) + 1,
               event == EST_TRAINING_END ? "training" : "validation", stats->value[0], stats->value[1], stats->value[2], rate);
    return st;
}

/* All callbacks of a fit. */
struct callbacks {
    est_loop_callback *rate, *csv, *board, *checkpoint, *teller;
};

static est_status make_callbacks(const char *folder, struct teller *t, struct callbacks *c)
{
    char path[4096];
    est_learning_rate_scheduler_options rate = {
        /* up in a line within the first epoch's 30 batches, down along a cosine over all others */
        .segments = EST_SCHEDULE_SEGMENTS({ .end_rate = 0.01, .step_count = 31 }, { .shape = "cosine", .end_rate = 0 }) };
    est_status st = est_learning_rate_scheduler_new(&rate, &c->rate);
    snprintf(path, sizeof path, "%s/log.csv", folder);
    if (st == EST_OK)
        st = est_csv_logger_new(path, &c->csv);
    snprintf(path, sizeof path, "%s/tensorboard/stats", folder);
    if (st == EST_OK)
        st = est_tensorboard_statistics_logger_new(path, &c->board);
    snprintf(path, sizeof path, "%s/model", folder);
    if (st == EST_OK)
        st = est_loop_checkpoint_new(&(est_loop_checkpoint_options){ .directory = path, .max_to_keep = 2 }, &c->checkpoint);
    if (st == EST_OK)
        st = est_loop_callback_new(&(est_loop_callback_options){
            .name = "teller", .call = tell, .user = t,
            .events = 1u << EST_TRAINING_END | 1u << EST_VALIDATION_END | 1u << EST_EPOCH_END }, &c->teller);
    return st;
}

static void free_callbacks(struct callbacks *c)
{
    est_loop_callback_free(c->rate);
    est_loop_callback_free(c->csv);
    est_loop_callback_free(c->board);
    est_loop_callback_free(c->checkpoint);
    est_loop_callback_free(c->teller);
}

static est_status make_loop(char **files, est_training_loop **out)
{
    est_optimizer *adam;
    est_status st = est_adam_optimizer_new(&(est_adam_options){ .learning_rate = 0.01 }, &adam);
    *out = NULL;
    if (st != EST_OK)
        return st;
    st = est_training_loop_new(&(est_training_loop_options){
        .training = digits, .training_user = files[0], .validation = digits, .validation_user = files[1], .optimizer = adam,
        .loss = "sparse_softmax_cross_entropy",
        .metrics = EST_LOOP_METRICS(est_loop_metric_accuracy(), est_loop_metric_top5_accuracy()),
        .progress_fd = 2 }, out);
    est_optimizer_free(adam);
    return st;
}

int main(int argc, char **argv)
{
    struct teller t = { .epochs_left = argc > 4 ? atoi(argv[4]) : EPOCHS };
    struct callbacks c = { 0 };
    est_training_loop *l = NULL;
    if (argc < 4) {
        fprintf(stderr, "usage: %s DIGITS_TRAIN.npz DIGITS_EVAL.npz FOLDER [EPOCHS_OF_THIS_RUN]\n", argv[0]);
        return 2;
    }
    est_status st = make_loop(argv + 1, &l);
    if (st == EST_OK)
        st = make_callbacks(argv[3], &t, &c);
    if (st == EST_OK)
        st = est_training_loop_fit(l, &(est_fit_options){
            .model = net, .epochs = EPOCHS, .callbacks = EST_LOOP_CALLBACKS(c.rate, c.csv, c.board, c.teller, c.checkpoint) });
    if (st == EST_OK)
        printf("%lld steps\n", (long long)est_training_loop_global_step(l));
    else
        fprintf(stderr, "%s\n", est_error());
    est_training_loop_free(l);
    free_callbacks(&c);
    return st == EST_OK ? 0 : 1;
}
