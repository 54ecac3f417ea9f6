/* Checkpoints of TensorFlow 1's estimators: slots under their names of then, in one piece and in parts. */
#include "train/v1_slots.h"

#include "support/est_test.h"
#include "train/model_dir.h"
#include "train/small.h"

static const float numbers[] = { 1, 2, 3, 4, 5 };

/* A checkpoint with w/part_0/Ftrl and w/part_1/Ftrl, which are 3 and `rest` rows of 5, and v/t_0/Adagrad in one piece. */
static est_status write_parts(const char *prefix, int64_t rest)
{
    est__bundle_writer *w;
    const est_shape whole = EST_SHAPE(5, 1);
    est_tensor a = { EST_FLOAT, EST_SHAPE(3, 1), (void *)(uintptr_t)numbers, NULL };
    est_tensor b = { EST_FLOAT, EST_SHAPE(rest, 1), (void *)(uintptr_t)(numbers + 3), NULL };
    est_tensor c = { EST_FLOAT, EST_SHAPE(2), (void *)(uintptr_t)numbers, NULL };
    EST_TRY(est__bundle_writer_new(prefix, &w));
    est_status st = est__bundle_add_slice(w, "w/part_0/Ftrl", &whole, (int64_t[]){ 0, 0 }, &a);
    if (st == EST_OK)
        st = est__bundle_add_slice(w, "w/part_1/Ftrl", &whole, (int64_t[]){ 3, 0 }, &b);
    if (st == EST_OK)
        st = est__bundle_add(w, "v/t_0/Adagrad", &c);
    return est__bundle_end(w, st);
}

static void parts_are_joined(void)
{
    est__bundle *b;
    est__v1_slot slot;
    est_tensor *t, *part;
    EST_NEED_OK(write_parts(est_test_path("model"), 2));
    EST_NEED_OK(est__bundle_open(est_test_path("model"), &b));
    EST_CHECK(est__v1_slot_find(b, "training/Ftrl_1/w/accumulator", &slot));
    EST_CHECK_INT(slot.shape.dim[0], 5);
    EST_NEED_OK(est_tensor_new(EST_FLOAT, &slot.shape, &t));
    EST_CHECK_OK(est__v1_slot_read(b, &slot, t));
    EST_CHECK_BYTES(t->data, sizeof numbers, numbers, sizeof numbers);
    est_tensor_free(t);
    EST_CHECK_OK(est__bundle_read(b, "w/part_1/Ftrl", &part));
    EST_CHECK_BYTES(part->data, 8, numbers + 3, 8);
    est_tensor_free(part);
    EST_CHECK(est__v1_slot_find(b, "training/Adagrad/v/accumulator", &slot));
    EST_CHECK_STR(slot.name, "v/t_0/Adagrad");
    EST_CHECK(!est__v1_slot_find(b, "training/Ftrl/w/linear", &slot));
    EST_CHECK(!est__v1_slot_find(b, "training/Ftrlx/w/accumulator", &slot));
    EST_CHECK(!est__v1_slot_find(b, "training/Ftrl", &slot));
    EST_CHECK(!est__v1_slot_find(b, "w/accumulator", &slot));
    est__bundle_free(b);
}

static void parts_that_lack_rows(void)
{
    est__bundle *b;
    est__v1_slot slot;
    est_tensor *t;
    EST_NEED_OK(write_parts(est_test_path("model"), 1));
    EST_NEED_OK(est__bundle_open(est_test_path("model"), &b));
    EST_CHECK(est__v1_slot_find(b, "training/Ftrl/w/accumulator", &slot));
    EST_NEED_OK(est_tensor_new(EST_FLOAT, &slot.shape, &t));
    EST_CHECK_FAILS(est__v1_slot_read(b, &slot, t), EST_DATA_LOSS,
                    est_test_text("%s: the parts of 'w/part_0/Ftrl' lack 1 numbers, or overlap", est_test_path("model")));
    est_tensor_free(t);
    est__bundle_free(b);
}

/* ---- a training that goes on from one ---- */

/* "training/Ftrl/x/linear" is "x/part_0/Ftrl_1" there; NULL: there is no such variable. */
static const char *name_of_then(const char *name)
{
    const char *slot = strrchr(name, '/');
    if (strncmp(name, "training/Ftrl/", 14) != 0)
        return name;
    if (strncmp(name + 14, "linear/", 7) != 0)
        return NULL;
    return est_test_text("%.*s/part_0/%s", (int)(slot - name - 14), name + 14, strcmp(slot, "/linear") == 0 ? "Ftrl_1" : "Ftrl");
}

static est_status convert(const char *from, const char *to)
{
    est__bundle *b;
    est__bundle_writer *w;
    EST_TRY(est__bundle_open(from, &b));
    est_status st = est__bundle_writer_new(to, &w);
    for (size_t i = 0; i < est__bundle_count(b) && st == EST_OK; i++) {
        const char *name = est__bundle_at(b, i)->name, *then = name_of_then(name);
        est_tensor *t = NULL;
        st = est__bundle_read(b, name, &t);
        if (st == EST_OK && then)
            st = est__bundle_add(w, then, t);
        est_tensor_free(t);
    }
    st = est__bundle_end(w, st);
    est__bundle_free(b);
    return st;
}

static float weight(const char *prefix)
{
    est__bundle *b;
    est_tensor *t;
    float v = -1;
    if (!EST_CHECK_OK(est__bundle_open(prefix, &b)))
        return v;
    if (EST_CHECK_OK(est__bundle_read(b, "linear/linear_model/x/weights", &t)))
        v = *(const float *)t->data;
    est_tensor_free(t);
    est__bundle_free(b);
    return v;
}

static void training_goes_on(void)
{
    EST_NEED_OK(small_train(est_test_path("new"), 4));
    EST_NEED_OK(est__make_dirs(est_test_path("old")));
    EST_NEED_OK(convert(est_test_path("new/model.ckpt-4"), est_test_path("old/model.ckpt-4")));
    EST_NEED_OK(small_train(est_test_path("new"), 8));
    EST_NEED_OK(small_train(est_test_path("old"), 8));
    EST_CHECK_NEAR(weight(est_test_path("old/model.ckpt-8")), weight(est_test_path("new/model.ckpt-8")), 0);
    EST_CHECK(weight(est_test_path("old/model.ckpt-8")) != weight(est_test_path("old/model.ckpt-4")));
}

EST_SUITE(train_v1_slots, EST_TEST(parts_are_joined), EST_TEST(parts_that_lack_rows), EST_TEST(training_goes_on));
