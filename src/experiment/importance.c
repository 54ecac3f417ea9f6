/* Permutation importance (Breiman, "Random Forests", 2001): how much the loss grows when a feature's values change places among
 * the rows, so that they say nothing of the label any more. */
#include <math.h>
#include <stdlib.h>

#include "experiment/report.h"

enum { ROWS = 4096, BATCHES = 5, MOST_FEATURES = 200 };

/* Shuffles one feature, -1 none, on its way to the model. */
typedef struct shuffle {
    est__source *source;
    int feature;
    int64_t *order;
    est__random random;
} shuffle;

static void make_order(shuffle *s, int64_t rows)
{
    for (int64_t i = 0; i < rows; i++) {
        int64_t j = (int64_t)est__random_below(&s->random, (uint64_t)i + 1);
        s->order[i] = s->order[j];
        s->order[j] = i;
    }
}

static size_t element_size(est_dtype dtype)
{
    return dtype == EST_INT64 ? sizeof(int64_t) : sizeof(float);
}

/* Numbers [rows, n] with their rows in the new order. */
static est_status set_dense(const shuffle *s, est_batch *out, size_t index, const est_tensor *t)
{
    est_tensor *moved;
    int64_t rows = t->shape.dim[0], width = rows ? est_shape_elements(&t->shape) / rows : 0;
    size_t row_size = (size_t)width * element_size(t->dtype);
    EST_TRY(est_tensor_new(t->dtype, &t->shape, &moved));
    for (int64_t i = 0; i < rows; i++)
        memcpy((char *)moved->data + (size_t)i * row_size, (const char *)t->data + (size_t)s->order[i] * row_size, row_size);
    est_status st = est_batch_set(out, index, moved);
    est_tensor_free(moved);
    return st;
}

/* Values, of numbers or strings, in the order of `from`. */
static est_status gather(const est_tensor *t, const int64_t *from, int64_t count, const est_shape *shape, est_tensor **out)
{
    if (t->dtype != EST_STRING) {
        size_t size = element_size(t->dtype);
        EST_TRY(est_tensor_new(t->dtype, shape, out));
        for (int64_t i = 0; i < count; i++)
            memcpy((char *)(*out)->data + (size_t)i * size, (const char *)t->data + (size_t)from[i] * size, size);
        return EST_OK;
    }
    const char **text = est__calloc((size_t)count + 1, sizeof *text);
    size_t *length = est__calloc((size_t)count + 1, sizeof *length);
    est_status st = text && length ? EST_OK : est__fail_memory((size_t)count * sizeof *text);
    for (int64_t i = 0; i < count && st == EST_OK; i++)
        text[i] = est_tensor_string(t, from[i], &length[i]);
    if (st == EST_OK)
        st = est_tensor_new_strings(shape, text, length, out);
    est__free(text);
    est__free(length);
    return st;
}

static est_status set_strings(const shuffle *s, est_batch *out, size_t index, const est_tensor *t)
{
    int64_t rows = t->shape.dim[0], width = rows ? est_shape_elements(&t->shape) / rows : 0;
    int64_t *from = est__calloc((size_t)(rows * width) + 1, sizeof *from);
    est_tensor *moved = NULL;
    est_status st = from ? EST_OK : est__fail_memory((size_t)(rows * width) * sizeof *from);
    for (int64_t i = 0; i < rows * width && st == EST_OK; i++)
        from[i] = s->order[i / width] * width + i % width;
    if (st == EST_OK)
        st = gather(t, from, rows * width, &t->shape, &moved);
    if (st == EST_OK)
        st = est_batch_set(out, index, moved);
    est_tensor_free(moved);
    est__free(from);
    return st;
}

static est_status set_ragged(const shuffle *s, est_batch *out, size_t index, const est_tensor *t, const est_tensor *offsets)
{
    const int64_t *start = offsets->data;
    int64_t rows = offsets->shape.dim[0] - 1, count = start[rows], n = 0;
    int64_t *from = est__calloc((size_t)count + 1, sizeof *from);
    est_tensor *moved = NULL, *moved_offsets = NULL;
    est_status st = from ? est_tensor_new(EST_INT64, &offsets->shape, &moved_offsets) : est__fail_memory((size_t)count * sizeof *from);
    for (int64_t i = 0; i < rows && st == EST_OK; i++) {
        for (int64_t j = start[s->order[i]]; j < start[s->order[i] + 1]; j++)
            from[n++] = j;
        ((int64_t *)moved_offsets->data)[i + 1] = n;
    }
    if (st == EST_OK)
        st = gather(t, from, count, &t->shape, &moved);
    if (st == EST_OK)
        st = est_batch_set_ragged(out, index, moved, moved_offsets);
    est_tensor_free(moved);
    est_tensor_free(moved_offsets);
    est__free(from);
    return st;
}

static est_status pass(const est_batch *in, est_batch *out, void *user)
{
    shuffle *s = user;
    const est_tensor *t;
    make_order(s, est_batch_rows(in));
    for (size_t i = 0; (t = est_batch_get(in, i)) != NULL; i++) {
        const est_tensor *offsets = est_batch_offsets(in, i);
        est_status st;
        if ((int)i != s->feature)
            st = offsets ? est_batch_set_ragged(out, i, t, offsets) : est_batch_set(out, i, t);
        else if (offsets)
            st = set_ragged(s, out, i, t, offsets);
        else
            st = t->dtype == EST_STRING ? set_strings(s, out, i, t) : set_dense(s, out, i, t);
        EST_TRY(st);
    }
    return EST_OK;
}

static est_status open_shuffled(const est_input_context *context, est_dataset **out, void *user)
{
    shuffle *s = user;
    EST_TRY(est__source_open(context, out, s->source));
    s->random = (est__random){ .key = (uint64_t)s->feature };
    est_dataset_map(*out, est_dataset_features(*out), pass, s);
    return EST_OK;
}

static double loss_of(const est_results *r)
{
    double loss = NAN;
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->name[i], "average_loss") == 0)
            return r->value[i];
        if (strcmp(r->name[i], "loss") == 0)
            loss = r->value[i];
    }
    return loss;
}

static est_status measure(est_estimator *e, shuffle *s, int feature, const char *checkpoint, double *loss)
{
    est_results *results;
    s->feature = feature;
    est_evaluate_options o = { .input_fn = open_shuffled, .user = s, .steps = BATCHES, .checkpoint_path = checkpoint, .no_events = true };
    EST_TRY(est_evaluate(e, &o, &results));
    *loss = loss_of(results);
    est_results_free(results);
    return EST_OK;
}

static int by_gain(const void *a, const void *b)
{
    double x = ((const est__importance *)a)->gain, y = ((const est__importance *)b)->gain;
    return x < y ? 1 : x > y ? -1 : strcmp(((const est__importance *)a)->feature, ((const est__importance *)b)->feature);
}

/* A weight, or a label of one of several heads. */
static bool is_target(const est_head *head, const char *name)
{
    est_head_list parts = est_head_parts(head);
    const char *weight = head ? est_head_weight(head).name : NULL;
    bool found = weight && strcmp(weight, name) == 0;
    for (size_t i = 0; i < parts.count && !found; i++)
        found = strcmp(est_head_name(parts.data[i]), name) == 0 || is_target(parts.data[i], name);
    return found;
}

/* The features by name, in the data's order; the places of labels and weights stay NULL. */
static est_status name_features(est__report *r, const est_dataset *d, const est_head *head)
{
    est_features_spec features = est_dataset_features(d);
    r->importance = est__arena_alloc(&r->arena, (features.count + 1) * sizeof *r->importance);
    if (r->importance == NULL)
        return est__fail_memory(features.count * sizeof *r->importance);
    for (size_t i = 0; i < features.count; i++) {
        const char *name = features.data[i].name;
        bool told = (int)i != est_dataset_label(d) && !is_target(head, name);
        r->importance[i] = (est__importance){ told ? est__arena_strdup(&r->arena, name) : NULL, 0 };
        if (told && r->importance[i].feature == NULL)
            return est__fail_memory(64);
    }
    r->num_importances = features.count;
    return EST_OK;
}

static est_status measure_all(est__report *r, est_estimator *e, shuffle *s, const char *checkpoint)
{
    size_t kept = 0;
    EST_TRY(measure(e, s, -1, checkpoint, &r->base_loss));
    for (size_t i = 0; i < r->num_importances; i++) {
        est__importance one = r->importance[i];
        if (one.feature == NULL)
            continue;
        EST_TRY(measure(e, s, (int)i, checkpoint, &one.gain));
        one.gain -= r->base_loss;
        r->importance[kept++] = one;
    }
    r->num_importances = kept;
    qsort(r->importance, kept, sizeof *r->importance, by_gain);
    return EST_OK;
}

est_status est__report_importance(est__report *r, est__source *source, const char *checkpoint)
{
    est__config_data larger = *source->data;
    est__source all = *source;
    est_dataset *d;
    larger.batch_size = ROWS;
    larger.shuffle_buffer_size = 0;
    all.data = &larger;
    shuffle s = { .source = &all };
    EST_TRY(est__source_open(&(est_input_context){ .mode = EST_EVAL, .num_input_pipelines = 1 }, &d, &all));
    est_status st = name_features(r, d, est_estimator_head(source->estimator));
    est_dataset_free(d);
    if (st != EST_OK || r->num_importances > MOST_FEATURES) {
        r->num_importances = 0;
        return st;
    }
    s.order = est__calloc(ROWS, sizeof *s.order);
    st = s.order ? measure_all(r, source->estimator, &s, checkpoint) : est__fail_memory(ROWS * sizeof *s.order);
    est__free(s.order);
    return st;
}
