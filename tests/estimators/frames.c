/* Feature lists whose frames hold any number of values: what a model gets is the SparseTensor [batch, frames, values] of
 * tf.io.parse_sequence_example, and sequence columns put the values of a frame together. */
#include <stdlib.h>
#include <string.h>

#include <estimator/estimator.h>

#include "base/base.h"
#include "support/est_test.h"

enum { ROWS = 12, FRAMES = 3, VALUES = 2, IDS = 16 };

/* TensorFlow's, -1 where it has none; and how often each id stands in each frame. */
typedef struct wanted {
    int64_t value[ROWS][FRAMES][VALUES];
    float count[ROWS][FRAMES][IDS];
    int batches;
} wanted;

static void read_wanted(wanted *w)
{
    char *text;
    size_t n;
    int b, f, k, v;
    memset(w, 0, sizeof *w);
    memset(w->value, -1, sizeof w->value);
    EST_NEED_OK(est__file_read(EST_TEST_DATA("tests/golden/readers/frames.txt"), 0, &text, &n));
    const char *p = strstr(text, "ids 12 3 2\n");
    EST_CHECK(p != NULL);
    for (p = p ? strchr(p, '\n') : NULL; p && sscanf(p, "%d %d %d %d", &b, &f, &k, &v) == 4; p = strchr(p + 1, '\n')) {
        w->value[b][f][k] = v;
        w->count[b][f][v]++;
    }
    est__free(text);
}

static const est_feature ids = { .name = "ids", .dtype = EST_INT64, .variable_length = true };

static est_status sequences(const est_input_context *context, est_dataset **out, void *user)
{
    static const est_feature label = { .name = "label", .dtype = EST_INT64 };
    const char *path = EST_TEST_DATA("tests/golden/readers/sequences.tfrecord");
    (void)user;
    EST_TRY(est_tfrecord_dataset_new(&((est_tfrecord_options){
        .input_path = EST_STRINGS(path), .features = { &label, context->mode == EST_TRAIN }, .sequence_features = { &ids, 1 },
        .label = context->mode == EST_TRAIN ? EST_STRINGS("label") : (est_strings){ 0 } }), out));
    est_dataset_batch(est_dataset_repeat(*out, context->mode == EST_TRAIN ? EST_OFF : 1), ROWS, false);
    return EST_OK;
}

static est_status model_fn(est_spec *spec, const est_features *features, est_node *labels, est_mode mode, void *user)
{
    est_graph *g = est_spec_graph(spec);
    est_column *column = est_indicator_column(user, &(est_indicator_options){
        est_sequence_categorical_column_with_identity(user, "ids", &(est_identity_options){ .num_buckets = IDS }) });
    est_node *length, *layer = est_sequence_input_layer(g, features, EST_COLUMNS(column), NULL, &length);
    const est_feature_nodes *in = est_features_find(features, "ids");
    est_node *none = est_constant_int(g, EST_INT64, -1);
    est_spec_prediction(spec, "ids", est_op(g, "SparseToDense", NULL, EST_NODES(in->indices, in->dense_shape, in->value, none),
                                            EST_NO_ATTRS));
    est_spec_prediction(spec, "layer", layer);
    if (mode != EST_TRAIN)
        return EST_OK;
    est_node *x = est_expand_dims(g, est_cast(g, labels, EST_FLOAT), -1);
    est_node *loss = est_loss_reduce(g, est_squared_error(g, x, est_dense(g, x, 1, NULL)), NULL, NULL);
    est_optimizer *sgd;
    EST_TRY(est_sgd_optimizer_new(NULL, &sgd));
    est_spec_loss(spec, loss);
    est_spec_train_op(spec, est_optimizer_minimize(sgd, g, loss, est_spec_global_step(spec)));
    est_optimizer_free(sgd);
    return EST_OK;
}

static est_status compare(const est_predictions *p, void *user)
{
    wanted *w = user;
    const est_shape values = EST_SHAPE(ROWS, FRAMES, VALUES), counts = EST_SHAPE(ROWS, FRAMES, IDS);
    w->batches++;
    if (EST_CHECK_INT(p->rows, ROWS) && EST_CHECK(est_shape_equal(&p->value[0]->shape, &values)))
        EST_CHECK_BYTES(p->value[0]->data, sizeof w->value, w->value, sizeof w->value);
    if (EST_CHECK(est_shape_equal(&p->value[1]->shape, &counts)))
        EST_CHECK_BYTES(p->value[1]->data, sizeof w->count, w->count, sizeof w->count);
    return EST_OK;
}

static void models_get_frames(void)
{
    wanted *w = est__calloc(1, sizeof *w);
    est_columns *c = est_columns_new();
    est_estimator *e = NULL;
    EST_NEED(w != NULL && c != NULL);
    read_wanted(w);
    est_custom_options o = { .model_fn = model_fn, .features = { &ids, 1 }, .user = c };
    EST_NEED_OK(est_custom_new(&o, &((est_run_config){ .model_dir = est_test_path("model") }), &e));
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = sequences, .steps = 1 }), NULL));
    EST_CHECK_OK(est_predict(e, &((est_predict_options){ .input_fn = sequences, .predict_keys = EST_STRINGS("ids", "layer"),
                                                         .each = compare, .each_user = w })));
    EST_CHECK_INT(w->batches, 1);
    est_estimator_free(e);
    est_columns_free(c);
    est__free(w);
}

/* A linear model adds up the ids of all frames: as over the same rows without frames. */
static est_status flat_rows(const est_batch *in, est_batch *out, void *user)
{
    (void)user;
    EST_TRY(est_batch_set(out, 0, est_batch_get(in, 0)));
    return est_batch_set_ragged(out, 1, est_batch_get(in, 1), est_batch_offsets(in, 1));
}

static est_status without_frames(const est_input_context *context, est_dataset **out, void *user)
{
    EST_TRY(sequences(context, out, user));
    est_features_spec f = est_dataset_features(*out);
    est_dataset_map(*out, (est_features_spec){ (est_feature[]){ f.data[0], ids }, 2 }, flat_rows, NULL);
    return EST_OK;
}

static void linear_models_take_all_frames(void)
{
    double loss[2];
    for (int flat = 0; flat < 2; flat++) {
        est_columns *c = est_columns_new();
        est_estimator *e = NULL;
        est_train_result result = { 0 };
        est_linear_classifier_options o = { .feature_columns = EST_COLUMNS(est_categorical_column_with_identity(
            c, "ids", &(est_identity_options){ .num_buckets = IDS })) };
        EST_NEED_OK(est_linear_classifier_new(&o, &((est_run_config){ .model_dir = est_test_path(flat ? "flat" : "frames") }), &e));
        for (int step = 1; step <= 2; step++)
            EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = flat ? without_frames : sequences, .max_steps = step }), &result));
        loss[flat] = result.loss;
        est_estimator_free(e);
        est_columns_free(c);
    }
    EST_CHECK_NEAR(loss[0], loss[1], 0);
    EST_CHECK(loss[0] > 0);
}

EST_SUITE(estimators_frames, EST_TEST(models_get_frames), EST_TEST(linear_models_take_all_frames));
