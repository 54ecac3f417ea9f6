/* A matrix whose rows or columns stand for words, brought from an old vocabulary to a new one. TensorFlow's
 * GenerateVocabRemapping and LoadAndRemapMatrix. */
#include <estimator/nn.h>

#include "runtime/runtime.h"
#include "train/warm_start.h"

typedef struct remap {
    const est__session *session;
    const est_vocab_info *info;
    const est_tensor *old;
    est_tensor *into;
    int64_t words;                /* rows or columns of `into` that stand for words; the rest is anew */
    int64_t *from;                /* of each its row or column in `old`; -1: none */
    int64_t found;
} remap;

/* The first words of a file, each with its number from 1 on; `most` 0: all. */
static est_status read_words(const char *path, int64_t most, est__map *words)
{
    char *text;
    size_t size;
    est_status st = EST_OK;
    EST_TRY(est__file_read(path, INT32_MAX, &text, &size));
    int64_t n = 0;
    for (size_t at = 0; at < size && (most == 0 || n < most) && st == EST_OK; n++) {
        const char *end = memchr(text + at, '\n', size - at), *word = text + at;
        size_t length = end ? (size_t)(end - word) : size - at;
        at += length + 1;
        length -= length > 0 && word[length - 1] == '\r';
        st = est__map_get(words, word, length)
                 ? est__fail(EST_INVALID_ARGUMENT, "%s:%lld: \"%.*s\" stands there twice", path, (long long)n + 1,
                             (int)(length < 100 ? length : 100), word)
                 : est__map_put(words, word, length, (void *)(uintptr_t)(n + 1));
    }
    est__free(text);
    if (st == EST_OK && n < most)
        st = est__fail(EST_INVALID_ARGUMENT, "%s: %lld words are wanted, it has %lld", path, (long long)most, (long long)n);
    return st;
}

static est_status match_words(remap *r, const est__map *was, const est__map *is)
{
    int axis = (int)r->info->axis;
    r->from = est__calloc((size_t)r->words + 1, sizeof *r->from);
    if (r->from == NULL)
        return est__fail_memory((size_t)r->words * sizeof *r->from);
    for (int64_t i = 0; i < r->words; i++) {
        size_t length;
        const char *word = est__map_key(is, (size_t)i, &length);
        r->from[i] = (int64_t)(uintptr_t)est__map_get(was, word, length) - 1;
        r->found += r->from[i] >= 0;
        if (r->from[i] >= r->old->shape.dim[axis])
            return est__fail(EST_INVALID_ARGUMENT, "\"%.*s\" is word %lld of %s, the variable had %lld", (int)(length < 100 ? length : 100),
                             word, (long long)r->from[i] + 1, r->info->old_vocab, (long long)r->old->shape.dim[axis]);
    }
    return EST_OK;
}

static est_status match(remap *r)
{
    est__map *was = est__map_new(), *is = est__map_new();
    est_status st = was && is ? EST_OK : est__fail_memory(64);
    int64_t most = r->info->old_vocab_size > 0 ? r->info->old_vocab_size : 0;
    if (st == EST_OK)
        st = read_words(r->info->old_vocab, most, was);
    if (st == EST_OK)
        st = read_words(r->info->new_vocab, r->info->new_vocab_size, is);
    if (st == EST_OK)
        st = match_words(r, was, is);
    est__map_free(was);
    est__map_free(is);
    return st;
}

/* Numbers of the backup initializer; each call of one variable gets others. */
static est_status draw(const remap *r, const char *part, est_shape shape, est_tensor **out)
{
    est_graph *g;
    est__plan *plan = NULL;
    est__run *run = NULL;
    *out = NULL;
    if (r->info->backup_initializer.type == NULL)
        return est_tensor_new(EST_FLOAT, &shape, out);
    EST_TRY(est_graph_new(&g));
    est_graph_begin_scope(g, r->info->variable);
    est_graph_begin_scope(g, part);
    est_node *value = est_initial_value(g, shape, &r->info->backup_initializer);
    est_status st = est_graph_status(g);
    if (st == EST_OK)
        st = est__plan_new(g, &(est__plan_options){ .resources = r->session->resources, .fetches = { &value, 1 },
                                                    .seed = r->session->seed }, &plan);
    if (st == EST_OK)
        st = est__run_new(plan, NULL, &run);
    if (st == EST_OK)
        st = est__run_step(run, NULL, 0);
    if (st == EST_OK)
        st = est_tensor_new(EST_FLOAT, &shape, out);
    if (st == EST_OK)
        memcpy((*out)->data, est__run_fetch(run, 0)->data, est__tensor_bytes(*out));
    est__run_free(run);
    est__plan_free(plan);
    est_graph_free(g);
    return st;
}

/* What both have is copied; the gaps are filled from `fresh`, in order. */
static void place(const remap *r, const float *fresh)
{
    int64_t columns = r->into->shape.dim[1], old_columns = r->old->shape.dim[1];
    int64_t row_words = r->info->axis == 0 ? r->words : r->into->shape.dim[0];
    int64_t column_words = r->info->axis == 1 ? r->words : columns;
    const float *old = r->old->data;
    float *into = r->into->data;
    for (int64_t i = 0; i < row_words; i++)
        for (int64_t k = 0; k < column_words; k++) {
            int64_t row = r->info->axis == 0 ? r->from[i] : i, column = r->info->axis == 1 ? r->from[k] : k;
            into[i * columns + k] = row >= 0 && column >= 0 ? old[row * old_columns + column] : *fresh++;
        }
}

static est_status fill_gaps(const remap *r)
{
    int64_t other = r->into->shape.dim[1 - r->info->axis];
    est_tensor *fresh;
    EST_TRY(draw(r, "missing", EST_SHAPE((r->words - r->found) * other, 1), &fresh));
    place(r, fresh->data);
    est_tensor_free(fresh);
    return EST_OK;
}

/* The rows or columns after the words. */
static est_status fill_oov(const remap *r)
{
    int64_t rows = r->into->shape.dim[0], columns = r->into->shape.dim[1];
    int64_t first_row = r->info->axis == 0 ? r->words : 0, first = r->info->axis == 1 ? r->words : 0;
    est_tensor *fresh;
    EST_TRY(draw(r, "oov", EST_SHAPE(rows - first_row, columns - first), &fresh));
    float *into = r->into->data;
    const float *from = fresh->data;
    size_t width = (size_t)(columns - first);
    for (int64_t i = first_row; i < rows; i++)
        memcpy(into + i * columns + first, from + (size_t)(i - first_row) * width, width * sizeof *into);
    est_tensor_free(fresh);
    return EST_OK;
}

static est_status check_shapes(remap *r)
{
    const est_vocab_info *v = r->info;
    const est_shape *is = &r->into->shape, *was = &r->old->shape;
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    if (is->rank != 2 || was->rank != 2 || r->into->dtype != EST_FLOAT || r->old->dtype != EST_FLOAT)
        return est__fail(EST_INVALID_ARGUMENT, "it is %s, and was %s; rows and columns are told of float32 matrices",
                         est__shape_string(a, is), est__shape_string(b, was));
    int64_t all = v->new_vocab_size + v->num_oov_buckets, have = is->dim[v->axis];
    /* TensorFlow takes a variable of fewer rows; of columns it wants as many. */
    if (v->axis == 0 ? have > all : have != all)
        return est__fail(EST_INVALID_ARGUMENT, "new_vocab_size %lld and num_oov_buckets %lld make %lld %s, it is %s",
                         (long long)v->new_vocab_size, (long long)v->num_oov_buckets, (long long)all, v->axis ? "columns" : "rows",
                         est__shape_string(a, is));
    if (v->axis == 0 ? was->dim[1] != is->dim[1] : was->dim[0] < is->dim[0])
        return est__fail(EST_INVALID_ARGUMENT, "it is %s, and was %s: only its %s are told by words", est__shape_string(a, is),
                         est__shape_string(b, was), v->axis ? "columns" : "rows");
    r->words = have < v->new_vocab_size ? have : v->new_vocab_size;
    return EST_OK;
}

est_status est__vocab_remap(const est__session *s, const est_vocab_info *info, const est__bundle *from, const char *old_name,
                            est_tensor *into)
{
    est_tensor *old;
    EST_TRY(est__bundle_read(from, old_name, &old));
    remap r = { .session = s, .info = info, .old = old, .into = into };
    est_status st = check_shapes(&r);
    if (st == EST_OK)
        st = match(&r);
    if (st == EST_OK)
        st = fill_gaps(&r);
    if (st == EST_OK && into->shape.dim[info->axis] > r.words)
        st = fill_oov(&r);
    est__free(r.from);
    est_tensor_free(old);
    return st == EST_OK ? EST_OK : est__fail_in(st, "variable '%s'", info->variable);
}
