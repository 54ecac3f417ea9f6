/* Partitioners: how many parts there are, how they lie in a checkpoint, and that training goes on from them. */
#include <estimator/estimator.h>

#include "support/est_test.h"
#include "tensor/tensor.h"
#include "train/model_dir.h"
#include "train/partitioner.h"

static est_partitioner checked(est_partitioner given)
{
    est_partitioner out = { 0 };
    EST_CHECK_OK(est__partitioner_check(&given, "LinearClassifier", &out));
    return out;
}

/* What tf.compat.v1's partitioners give for float32. */
static void parts_are_counted_as_tensorflow_does(void)
{
    const struct {
        est_partitioner p;
        est_shape shape;
        int64_t parts;
    } cases[] = {
        { { .type = "min_max_variable_partitioner" }, EST_SHAPE(1024, 1024), 1 },
        { { .type = "min_max_variable_partitioner", .max_partitions = 20 }, EST_SHAPE(1024, 1024), 16 },
        { { .type = "min_max_variable_partitioner", .max_partitions = 7 }, EST_SHAPE(1024, 1024), 7 },
        { { .type = "min_max_variable_partitioner", .max_partitions = 7, .min_slice_size = 8 }, EST_SHAPE(5, 1), 3 },
        { { .type = "min_max_variable_partitioner", .max_partitions = 7, .min_slice_size = 1 }, EST_SHAPE(5, 1), 5 },
        { { .type = "min_max_variable_partitioner", .max_partitions = 7, .min_slice_size = 4, .axis = 1 }, EST_SHAPE(5, 3), 3 },
        { { .type = "fixed_size_partitioner", .num_shards = 3 }, EST_SHAPE(5, 4), 3 },
        { { .type = "fixed_size_partitioner", .num_shards = 30 }, EST_SHAPE(5, 4), 5 },
        { { .type = "variable_axis_size_partitioner", .max_shard_bytes = 40 }, EST_SHAPE(5, 4), 3 },
        { { .type = "variable_axis_size_partitioner", .max_shard_bytes = 40, .max_shards = 2 }, EST_SHAPE(5, 4), 2 },
        { { .type = "variable_axis_size_partitioner", .max_shard_bytes = 1 }, EST_SHAPE(5, 4), 5 },
        { { .type = "fixed_size_partitioner", .num_shards = 3, .axis = 1 }, EST_SHAPE(5), 1 },
        { { .type = "fixed_size_partitioner", .num_shards = 3 }, EST_SHAPE(0, 4), 1 },
        { { .type = "fixed_size_partitioner", .num_shards = 3 }, EST_SCALAR, 1 },
        { { 0 }, EST_SHAPE(5, 4), 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        est_partitioner p = checked(cases[i].p);
        EST_CHECK_INT(est__partitioner_parts(&p, EST_FLOAT, &cases[i].shape), cases[i].parts);
    }
    est_partitioner p = checked((est_partitioner){ .type = "fixed_size_partitioner", .num_shards = 2 });
    const est_shape words = EST_SHAPE(5);
    EST_CHECK_INT(est__partitioner_parts(&p, EST_STRING, &words), 1);
}

static void what_is_wrong_is_said(void)
{
    est_partitioner out;
    EST_CHECK_FAILS(est__partitioner_check(&(est_partitioner){ .type = "fixed_size" }, "LinearClassifier", &out), EST_INVALID_ARGUMENT,
                    "LinearClassifier: unknown partitioner 'fixed_size'");
    EST_CHECK_FAILS(est__partitioner_check(&(est_partitioner){ .type = "fixed_size_partitioner" }, "LinearClassifier", &out),
                    EST_INVALID_ARGUMENT, "LinearClassifier: fixed_size_partitioner: num_shards is missing: parts");
    EST_CHECK_FAILS(est__partitioner_check(&(est_partitioner){ .type = "fixed_size_partitioner", .num_shards = 2, .axis = -1 },
                                           "LinearClassifier", &out),
                    EST_INVALID_ARGUMENT, "LinearClassifier: fixed_size_partitioner: axis is -1; it must be at least 0");
    for (const char *const *name = est_partitioner_names(); *name; name++)
        EST_CHECK(est_partitioner_fields(*name) != NULL);
    EST_CHECK(est_partitioner_fields("fixed") == NULL && est_partitioner_fields(NULL) == NULL);
}

/* ---- on disk ---- */

static const float numbers[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 };

static est_status write(const char *prefix, const est__partitioning *p)
{
    static const char *const names[] = { "dnn/w", "linear/w", "linearly", "training/Ftrl/linear/w/linear" };
    const est_tensor t = { EST_FLOAT, EST_SHAPE(5, 3), (void *)(uintptr_t)numbers, NULL };
    est__bundle_writer *w;
    EST_TRY(est__bundle_writer_new(prefix, &w));
    est_status st = EST_OK;
    for (size_t i = 0; i < 4 && st == EST_OK; i++)
        st = est__partitioning_add(p, w, names[i], &t);
    return est__bundle_end(w, st);
}

static void check_whole(const est__bundle *b, const char *name, size_t slices)
{
    const est__bundle_variable *v = est__bundle_find(b, name);
    const est_shape whole = EST_SHAPE(5, 3);
    est_tensor *t = NULL;
    if (!EST_CHECK(v != NULL) || !EST_CHECK_OK(est__bundle_read(b, name, &t)))
        return;
    EST_CHECK_INT(v->slices, slices);
    EST_CHECK(est_shape_equal(&v->shape, &whole));
    EST_CHECK_BYTES(t->data, sizeof numbers, numbers, sizeof numbers);
    est_tensor_free(t);
}

/* The data file has the variables one after the other, each with its parts in order: by rows as they were, by columns together. */
static void parts_are_written_and_read(void)
{
    static const float by_column[] = { 0, 1, 3, 4, 6, 7, 9, 10, 12, 13, 2, 5, 8, 11, 14 };
    for (int axis = 0; axis < 2; axis++) {
        const est__partitioning p = { checked((est_partitioner){ .type = "fixed_size_partitioner", .num_shards = 2, .axis = axis }),
                                      { "linear/" } };
        est__bundle *b;
        EST_NEED_OK(write(est_test_path("model"), &p));
        char *data;
        size_t size;
        EST_NEED_OK(est__file_read(est_test_path("model.data-00000-of-00001"), 1000, &data, &size));
        if (EST_CHECK_INT(size, 4 * sizeof numbers))
            EST_CHECK_BYTES(data + sizeof numbers, sizeof numbers, axis ? by_column : numbers, sizeof numbers);
        est__free(data);
        EST_NEED_OK(est__bundle_open(est_test_path("model"), &b));
        EST_CHECK_INT(est__bundle_count(b), 4);
        check_whole(b, "dnn/w", 0);
        check_whole(b, "linear/w", 2);
        check_whole(b, "linearly", 0);
        check_whole(b, "training/Ftrl/linear/w/linear", 2);
        est__bundle_free(b);
    }
}

/* ---- a training that goes on from parts, and from wholes ---- */

static est_status rows(const est_input_context *context, est_dataset **out, void *user)
{
    static const int64_t id[] = { 0, 1, 2, 3, 4, 0 }, label[] = { 1, 0, 0, 1, 0, 1 };
    const est_shape shape = EST_SHAPE(6, 1);
    est_tensor ids = { EST_INT64, shape, (void *)(uintptr_t)id, NULL }, labels = { EST_INT64, shape, (void *)(uintptr_t)label, NULL };
    (void)context;
    (void)user;
    est_status st = est_memory_dataset_new((const char *const[]){ "id" }, (const est_tensor *const[]){ &ids }, 1, &labels, out);
    if (st == EST_OK)
        est_dataset_batch(est_dataset_repeat(*out, EST_OFF), 3, false);
    return st;
}

static est_status train(const char *dir, est_partitioner p, int64_t steps)
{
    est_columns *c = est_columns_new();
    est_column *id = est_categorical_column_with_identity(c, "id", &(est_identity_options){ .num_buckets = 5 });
    est_column *table = est_embedding_column(c, &(est_embedding_options){ .categorical_column = id, .dimension = 3 });
    est_estimator *e;
    est_dnn_linear_combined_classifier_options o = {
        .linear_feature_columns = EST_COLUMNS(id), .dnn_feature_columns = EST_COLUMNS(table), .dnn_hidden_units = EST_INTS(4),
        .input_layer_partitioner = p };
    est_run_config config = { .model_dir = est_test_path(dir), .tf_random_seed = 1, .num_threads = 1 };
    est_status st = est_dnn_linear_combined_classifier_new(&o, &config, &e);
    est_columns_free(c);
    if (st == EST_OK)
        st = est_train(e, &((est_train_options){ .input_fn = rows, .max_steps = steps }), NULL);
    est_estimator_free(e);
    return st;
}

static void compare(const est__bundle *a, const est__bundle *b)
{
    EST_CHECK_INT(est__bundle_count(a), est__bundle_count(b));
    for (size_t i = 0; i < est__bundle_count(a); i++) {
        const char *name = est__bundle_at(a, i)->name;
        est_tensor *x = NULL, *y = NULL;
        if (EST_CHECK_OK(est__bundle_read(a, name, &x)) && EST_CHECK_OK(est__bundle_read(b, name, &y)))
            EST_CHECK_BYTES(x->data, est__tensor_bytes(x), y->data, est__tensor_bytes(y));
        est_tensor_free(x);
        est_tensor_free(y);
    }
}

static void training_goes_on_from_parts(void)
{
    static const char *const cut[] = { "linear/linear_model/id/weights", "training/Ftrl/linear/linear_model/id/weights/linear",
                                       "dnn/input_from_feature_columns/input_layer/id_embedding/embedding_weights" };
    const est_partitioner by_3 = { .type = "fixed_size_partitioner", .num_shards = 3 };
    est__bundle *parts, *whole;
    EST_NEED_OK(train("parts", by_3, 2));
    EST_NEED_OK(train("parts", by_3, 4));
    EST_NEED_OK(train("whole", (est_partitioner){ 0 }, 4));
    EST_NEED_OK(est__bundle_open(est_test_path("parts/model.ckpt-4"), &parts));
    EST_NEED_OK(est__bundle_open(est_test_path("whole/model.ckpt-4"), &whole));
    compare(parts, whole);
    for (size_t i = 0; i < 3; i++) {
        const est__bundle_variable *v = est__bundle_find(parts, cut[i]);
        EST_CHECK(v && v->slices == 3 && v->shape.dim[0] == 5);
    }
    EST_CHECK_INT(est__bundle_find(parts, "dnn/hiddenlayer_0/kernel")->slices, 0);
    est__bundle_free(parts);
    EST_CHECK_OK(train("parts", (est_partitioner){ 0 }, 6));     /* as well without them */
    EST_CHECK_OK(train("whole", by_3, 6));
    EST_NEED_OK(est__bundle_open(est_test_path("parts/model.ckpt-6"), &parts));
    est__bundle_free(whole);
    EST_NEED_OK(est__bundle_open(est_test_path("whole/model.ckpt-6"), &whole));
    compare(parts, whole);
    EST_CHECK_INT(est__bundle_find(parts, cut[0])->slices, 0);
    EST_CHECK_INT(est__bundle_find(whole, cut[0])->slices, 3);
    est__bundle_free(parts);
    est__bundle_free(whole);
    EST_CHECK_FAILS(train("none", (est_partitioner){ .type = "fixed_size_partitioner", .num_shards = -1 }, 1), EST_INVALID_ARGUMENT,
                    "DNNLinearCombinedClassifier: fixed_size_partitioner: num_shards is -1; it must be at least 1");
}

EST_SUITE(train_partitioner, EST_TEST(parts_are_counted_as_tensorflow_does), EST_TEST(what_is_wrong_is_said),
          EST_TEST(parts_are_written_and_read), EST_TEST(training_goes_on_from_parts));
