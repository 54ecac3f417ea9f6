/* NumPy's files: arrays of each kind, text, archives stored and deflated, and what is damaged. */
#include <estimator/readers.h>

#include "data/rows.h"

#define GOLDEN(name) EST_TEST_DATA("tests/golden/readers/" name)

static est_dataset *numpy(const char *path, est_features_spec features, const char *label)
{
    est_dataset *d = NULL;
    EST_CHECK_OK(est_numpy_dataset_new(&((est_numpy_options){ .input_path = EST_STRINGS(path), .features = features,
                                                              .label = { &label, label != NULL } }), &d));
    return d;
}

static void arrays_of_each_kind(void)
{
    static const char *const kinds[] = { "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "b1" };
    est_feature f[10];
    for (int i = 0; i < 10; i++)
        f[i] = (est_feature){ .name = kinds[i], .dtype = i < 2 ? EST_FLOAT : EST_INT64 };
    for (int i = 0; i < 2; i++) {
        const char *path = i ? GOLDEN("deflated.npz") : GOLDEN("stored.npz");
        est_dataset *d = numpy(path, (est_features_spec){ f, 10 }, NULL);
        EST_CHECK_STR(all_rows(est_dataset_batch(d, 9, false)),
                      "0.5|0.25|-1|-2|-3|-4|1|2|3|1\n-1.5|1e+10|100|-300|70000|5000000000|255|65535|4000000000|0\n--\n");
    }
}

static void shapes_texts_and_labels(void)
{
    static const est_feature f[] = { { .name = "pair", .dtype = EST_FLOAT, .shape = { 1, { 2 } } },
                                     { .name = "S", .dtype = EST_STRING }, { .name = "U", .dtype = EST_STRING, .shape = { 1, { 1 } } },
                                     { .name = "i4", .dtype = EST_FLOAT }, { .name = "b1", .dtype = EST_INT64 } };
    est_dataset *d = numpy(GOLDEN("stored.npz"), (est_features_spec){ f, 5 }, "b1");
    EST_CHECK_INT(est_dataset_label(d), 4);
    EST_CHECK_STR(all_rows(est_dataset_batch(d, 9, false)), "1 2|ab|D\xC3\xBCren|-3|1\n3 4||\xF0\x9F\x98\x80|70000|0\n--\n");
    d = numpy(GOLDEN("pair.npy"), (est_features_spec){ 0 }, NULL);
    EST_CHECK_STR(est_dataset_features(d).data[0].name, "pair");
    EST_CHECK_INT(est_dataset_features(d).data[0].dtype, EST_DOUBLE);
    EST_CHECK_INT(est_dataset_features(d).data[0].shape.dim[0], 2);
    est_dataset_free(d);
}

static const char *error_of(const char *path, est_feature f)
{
    est_dataset *d;
    EST_CHECK(est_numpy_dataset_new(&((est_numpy_options){ .input_path = EST_STRINGS(path), .features = { &f, 1 } }), &d) != EST_OK);
    EST_CHECK(d == NULL);
    return strrchr(est_error(), '/') ? strrchr(est_error(), '/') + 1 : est_error();
}

static void what_is_wrong(void)
{
    const char *path = GOLDEN("stored.npz");
    char *data;
    size_t n;
    est_dataset *d;
    EST_CHECK_STR(error_of(path, (est_feature){ .name = "f9", .dtype = EST_FLOAT }),
                  "stored.npz: there is no array 'f9'; did you mean 'f4'?");
    EST_CHECK_STR(error_of(path, (est_feature){ .name = "S", .dtype = EST_FLOAT }), "stored.npz: array 'S' holds string, float32 is wanted");
    EST_CHECK_STR(error_of(path, (est_feature){ .name = "f4", .dtype = EST_INT64 }), "stored.npz: array 'f4' holds float32, int64 is wanted");
    EST_CHECK_STR(error_of(path, (est_feature){ .name = "pair", .dtype = EST_FLOAT }), "stored.npz: array 'pair': 2 values a row, 1 are wanted");
    EST_CHECK_STR(error_of(EST_TEST_FILE("text", "1,2,3\n"), (est_feature){ .name = "x", .dtype = EST_FLOAT }),
                  "text: not a NumPy array: it does not begin as one");
    static const char nothing[] = "\x93NUMPY\1\0\x3e\0" "{'descr': '<f4', 'fortran_order': False, 'shape': (9000, 0)}  ";
    EST_CHECK_STR(error_of(est_test_file("x.npy", nothing, sizeof nothing - 1), (est_feature){ .name = "x", .dtype = EST_FLOAT }),
                  "x.npy: array 'x' has 9000 rows without values");
    EST_NEED_OK(est__file_read(GOLDEN("deflated.npz"), 0, &data, &n));
    EST_CHECK_STR(error_of(est_test_file("cut", data, n - 30), (est_feature){ .name = "f4", .dtype = EST_FLOAT }),
                  "cut: the archive is damaged: its end is missing");
    data[60] ^= 4;
    EST_CHECK(strstr(error_of(est_test_file("flipped", data, n), (est_feature){ .name = "f4", .dtype = EST_FLOAT }),
                     "flipped: array 'f4': the archive is damaged: ") != NULL);
    est__free(data);
    EST_CHECK_FAILS(est_numpy_dataset_new(&((est_numpy_options){ 0 }), &d), EST_INVALID_ARGUMENT, "a NumPy dataset needs input_path");
}

static est_dataset *make(void *user)
{
    return est_dataset_batch(est_dataset_repeat(est_dataset_shuffle(numpy(user, (est_features_spec){ 0 }, NULL), 2, 0, false), 5), 3,
                             false);
}

static void resumes_at_each_place(void)
{
    char *data;
    size_t n;
    EST_NEED_OK(est__file_read(GOLDEN("pair.npy"), 0, &data, &n));
    check_places(make, (void *)est_test_file("a.npy", data, n), 1, 9);
    est__free(data);
}

EST_SUITE(data_numpy, EST_TEST(arrays_of_each_kind), EST_TEST(shapes_texts_and_labels), EST_TEST(what_is_wrong),
          EST_TEST(resumes_at_each_place));
