/* What the tests of datasets share: rows as text, and a run from its beginning or from a saved place. */
#ifndef EST_TESTS_DATA_ROWS_H
#define EST_TESTS_DATA_ROWS_H

#include "data/source.h"
#include "support/est_test.h"

static inline void add_value(est__buffer *out, const est_tensor *t, int64_t i)
{
    size_t n;
    const char *s;
    switch ((int)t->dtype) {
    case EST_FLOAT: est__buffer_printf(out, "%.9g", (double)((float *)t->data)[i]); break;
    case EST_INT64: est__buffer_printf(out, "%lld", (long long)((int64_t *)t->data)[i]); break;
    case EST_STRING:
        s = est_tensor_string(t, i, &n);
        est__buffer_bytes(out, s, n);
        break;
    default: est__buffer_text(out, "?");
    }
}

/* Large batches as checksums of what they hold. */
static inline void add_checksums(est__buffer *out, const est_batch *b)
{
    est__buffer_printf(out, "%lld rows", (long long)b->rows);
    for (int i = 0; i < b->count; i++) {
        const est_tensor *t = &b->value[i];
        size_t n = (size_t)est_shape_elements(&t->shape), text = t->dtype == EST_STRING;
        uint32_t crc = est__crc32c(0, t->data, (n + text) * est_dtype_size(t->dtype));
        if (b->offsets[i].data)
            crc = est__crc32c(crc, b->offsets[i].data, ((size_t)b->rows + 1) * sizeof(int64_t));
        est__buffer_printf(out, " %08x", text ? est__crc32c(crc, t->bytes, (size_t)((int64_t *)t->data)[n]) : crc);
    }
    est__buffer_text(out, "\n");
}

/* One line a row, features between bars, elements between spaces; a line "--" after each batch. */
static inline void add_batch(est__buffer *out, const est_batch *b)
{
    enum { LARGE = 1000 };
    if (b->rows >= LARGE) {
        add_checksums(out, b);
        return;
    }
    for (int64_t r = 0; r < b->rows; r++)
        for (int i = 0; i < b->count; i++) {
            const est_tensor *t = &b->value[i];
            int64_t each = est_shape_elements(&t->shape) / b->rows, from = r * each, to = from + each;
            if (b->offsets[i].data) {
                from = ((int64_t *)b->offsets[i].data)[r];
                to = ((int64_t *)b->offsets[i].data)[r + 1];
            }
            for (int64_t e = from; e < to; e++) {
                add_value(out, t, e);
                if (e + 1 < to)
                    est__buffer_text(out, " ");
            }
            est__buffer_text(out, i + 1 < b->count ? "|" : "\n");
        }
    est__buffer_text(out, "--\n");
}

/* Batches up to the end, or `most` of them. Gives the last status. */
static inline est_status add_batches(est__buffer *out, est_dataset *d, int64_t most)
{
    est_batch *b = NULL;
    est_status st = est__batch_new(d, &b);
    while (st == EST_OK && most-- != 0 && (st = est__dataset_read(d, b)) == EST_OK)
        add_batch(out, b);
    est__batch_free(b);
    return st;
}

/* The whole dataset as text, until the end of the test; it is freed. */
static inline const char *all_rows(est_dataset *d)
{
    est__buffer out = { 0 };
    est_status st = add_batches(&out, d, -1);
    const char *text = st == EST_OUT_OF_RANGE ? est_test_text("%s", out.data ? out.data : "")
                                              : est_test_text("%s%s", out.data ? out.data : "", est_error());
    est__buffer_free(&out);
    est_dataset_free(d);
    return text;
}

/* A dataset made anew, the same each time. */
typedef est_dataset *(*dataset_maker)(void *user);

enum { SEED = 7 };

/* The place after `at` batches, from a dataset that went on from the place before it: as the one from a dataset that did not stop,
 * and read further. */
static inline bool check_same_place(est_dataset *d, const est__buffer *before, int64_t at, const est__buffer *wanted)
{
    est__buffer state = { 0 }, row = { 0 };
    EST_CHECK_OK(est__dataset_restore(d, before->data, before->size, SEED));
    (void)add_batches(&row, d, 1);
    EST_CHECK_OK(est__dataset_save(d, at, &state));
    bool same = EST_CHECK_BYTES(state.data, state.size, wanted->data, wanted->size);
    est_dataset_free(d);
    est__buffer_free(&state);
    est__buffer_free(&row);
    return same;
}

/* Saves after every number of batches, with `ahead` batches read beyond it, and checks that a new dataset goes on as the
 * uninterrupted one does, through the same places. At most `most` batches are looked at. */
static inline void check_places(dataset_maker make, void *user, int64_t ahead, int64_t most)
{
    est__buffer all = { 0 }, before = { 0 };
    size_t *end = est__calloc((size_t)most + 2, sizeof *end);
    est_dataset *d = make(user);
    est_batch *b = NULL;
    int64_t batches = 0;
    EST_CHECK_OK(est__dataset_start(d, SEED));
    EST_CHECK_OK(est__batch_new(d, &b));
    for (est_status st = EST_OK; batches < most && st == EST_OK;) {
        st = est__dataset_read(d, b);
        if (st != EST_OK) {
            EST_CHECK_INT(st, EST_OUT_OF_RANGE);
            break;
        }
        add_batch(&all, b);
        end[++batches] = all.size;
    }
    EST_CHECK(batches > 1);
    est__batch_free(b);
    est_dataset_free(d);

    for (int64_t at = 0; at <= batches; at++) {
        est__buffer head = { 0 }, state = { 0 }, tail = { 0 };
        d = make(user);
        EST_CHECK_OK(est__dataset_start(d, SEED));
        est__dataset_window(d, ahead);
        (void)add_batches(&head, d, at + ahead);
        EST_CHECK_OK(est__dataset_save(d, at, &state));
        est_dataset_free(d);
        d = make(user);
        EST_CHECK_OK(est__dataset_restore(d, state.data, state.size, SEED));
        (void)add_batches(&tail, d, batches - at);
        bool same = EST_CHECK_BYTES(tail.data, tail.size, all.data + end[at], all.size - end[at]);
        est_dataset_free(d);
        if (at)
            same = check_same_place(make(user), &before, at, &state) && same;
        est__buffer_free(&head);
        est__buffer_free(&before);
        before = state;
        est__buffer_free(&tail);
        if (!same)
            break;
    }
    est__free(end);
    est__buffer_free(&before);
    est__buffer_free(&all);
}

#endif
