/* Unique, and EstSumDuplicateIds: ids in the order of their first appearance, found through a hash of the
 * call's own. */
#include "ops/distinct.h"

/* Open addressing over elements of one tensor: a slot holds an output position + 1. */
typedef struct seen {
    const est_tensor *x;
    int32_t *slot;
    uint64_t mask;
    int64_t *first;    /* for each output position the element that came first */
    int64_t count;
} seen;

static est_status seen_init(est_kernel *k, const est_tensor *x, seen *s)
{
    int64_t n = est__tensor_elements(x);
    uint64_t slots = 16;
    if (n > INT32_MAX / 2)
        return est__kernel_fail(k, EST_UNIMPLEMENTED, "%lld elements are too many", (long long)n);
    while (slots < 2 * (uint64_t)n)
        slots *= 2;
    *s = (seen){ .x = x, .mask = slots - 1 };
    s->slot = est__scratch(k, slots * sizeof *s->slot);
    s->first = est__scratch(k, ((size_t)n + 1) * sizeof *s->first);
    if (s->slot == NULL || s->first == NULL)
        return EST_RESOURCE_EXHAUSTED;
    memset(s->slot, 0, slots * sizeof *s->slot);
    return EST_OK;
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* 0.0 and -0.0 are one number; a NaN is no number's equal, not even its own. */
static double real_at(const est_tensor *t, int64_t i)
{
    double v = t->dtype == EST_FLOAT ? (double)((const float *)t->data)[i] : ((const double *)t->data)[i];
    return v == 0 ? 0 : v;
}

static uint64_t integer_at(const est_tensor *t, int64_t i)
{
    uint64_t v = 0;
    size_t size = est_dtype_size(t->dtype);
    memcpy(&v, (const char *)t->data + (size_t)i * size, size);
    return v;
}

static uint64_t hash(const est_tensor *t, int64_t i)
{
    if (t->dtype == EST_STRING) {
        size_t n;
        const char *s = est_tensor_string(t, i, &n);
        return est__fingerprint64(s, n);
    }
    if (est__dtype_is_float(t->dtype)) {
        double v = real_at(t, i);
        uint64_t bits;
        memcpy(&bits, &v, sizeof bits);
        return mix(bits);
    }
    return mix(integer_at(t, i));
}

static bool same(const est_tensor *t, int64_t i, int64_t j)
{
    if (t->dtype == EST_STRING) {
        size_t n, m;
        const char *a = est_tensor_string(t, i, &n), *b = est_tensor_string(t, j, &m);
        return n == m && memcmp(a, b, n) == 0;
    }
    if (est__dtype_is_float(t->dtype))
        return real_at(t, i) == real_at(t, j);
    return integer_at(t, i) == integer_at(t, j);
}

/* The output position of element i. */
static int64_t place_of(seen *s, int64_t i)
{
    uint64_t at = hash(s->x, i) & s->mask;
    while (s->slot[at] != 0 && !same(s->x, s->first[s->slot[at] - 1], i))
        at = (at + 1) & s->mask;
    if (s->slot[at] == 0) {
        s->first[s->count++] = i;
        s->slot[at] = (int32_t)s->count;
    }
    return s->slot[at] - 1;
}

est_status est__distinct_begin(est_kernel *k, int64_t n, est__distinct *d)
{
    uint64_t slots = 16;
    int shift = 60;
    if (n > INT32_MAX / 2)
        return est__kernel_fail(k, EST_UNIMPLEMENTED, "%lld elements are too many", (long long)n);
    for (; slots < 2 * (uint64_t)n; shift--)
        slots *= 2;
    *d = (est__distinct){ .mask = slots - 1, .shift = shift };
    d->slot = est__scratch(k, slots * sizeof *d->slot);
    d->id = est__scratch(k, ((size_t)n + 1) * sizeof *d->id);
    if (d->slot == NULL || d->id == NULL)
        return EST_RESOURCE_EXHAUSTED;
    memset(d->slot, 0, slots * sizeof *d->slot);
    return EST_OK;
}

bool est__gives_distinct_ids(const est_node *n)
{
    const char *op = n->op->row->tf_name;
    return strcmp(op, "EstSumDuplicateIds") == 0 ? n->index == 1
           : strcmp(op, "EstEmbeddingIds") == 0 || strcmp(op, "Unique") == 0 ? n->index == 0 : false;
}

static void first_walk(est__runs *r, void *arg)
{
    const seen *s = arg;
    for (int64_t i = 0; i < s->count; i++)
        est__copy_run(r, s->x, s->first[i], 1);
}

/* ---- Unique ---- */
typedef struct unique_state {
    est_dtype out_idx;
} unique_state;

static est_status prepare_unique(const est_operation *op, void *state)
{
    ((unique_state *)state)->out_idx = est__attr_type(op, "out_idx");
    return EST_OK;
}

static est_status infer_unique(est_infer *c)
{
    const est_shape *x = est__infer_in(c, 0);
    if (x->rank >= 0 && x->rank != 1)
        return est__infer_fail(c, "a vector is wanted");
    c->out[0] = est_shape_of(1, (int64_t[]){ -1 });
    c->out[1] = *x;
    return EST_OK;
}

static est_status unique_cpu(est_kernel *k)
{
    const est_tensor *x = est__in(k, 0);
    bool wide = ((const unique_state *)k->state)->out_idx == EST_INT64;
    est_tensor *index;
    seen s;
    if (x->shape.rank != 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "a vector is wanted, this has rank %d",
                                x->shape.rank);
    EST_TRY(seen_init(k, x, &s));
    EST_TRY(est__out(k, 1, &x->shape, &index));
    int64_t n = est__tensor_elements(x);
    for (int64_t i = 0; i < n; i++) {
        int64_t place = place_of(&s, i);
        if (wide)
            ((int64_t *)index->data)[i] = place;
        else
            ((int32_t *)index->data)[i] = (int32_t)place;
    }
    est_shape shape = est_shape_of(1, &s.count);
    return est__runs_out(k, 0, x->dtype, &shape, first_walk, &s);
}

/* ---- EstSumDuplicateIds: keras' _deduplicate_indexed_slices ---- */
static est_status infer_sum(est_infer *c)
{
    const est_shape *rows = est__infer_in(c, 0);
    c->out[1] = est_shape_of(1, (int64_t[]){ -1 });
    if (rows->rank > 0) {
        c->out[0] = *rows;
        c->out[0].dim[0] = -1;
    }
    return EST_OK;
}

static est_status check_sum(est_kernel *k, const est_tensor *rows, const est_tensor *ids)
{
    if (ids->shape.rank != 1 || rows->shape.rank == 0 || rows->shape.dim[0] != ids->shape.dim[0]) {
        char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "rows %s for ids %s",
                                est__shape_string(a, &rows->shape), est__shape_string(b, &ids->shape));
    }
    return EST_OK;
}

static est_status sum_cpu(est_kernel *k)
{
    const est_tensor *rows = est__in(k, 0), *ids = est__in(k, 1);
    est_tensor *out, *out_ids;
    est__distinct d;
    EST_TRY(check_sum(k, rows, ids));
    int64_t n = ids->shape.dim[0], width = 1;
    EST_TRY(est__distinct_begin(k, n, &d));
    int32_t *place = est__scratch(k, ((size_t)n + 1) * sizeof *place);
    if (place == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (int64_t i = 0; i < n; i++)
        place[i] = est__distinct_place(&d, ((const int64_t *)ids->data)[i]);
    est_shape shape = rows->shape, flat = est_shape_of(1, (int64_t[]){ d.count });
    shape.dim[0] = d.count;
    EST_TRY(est__out(k, 0, &shape, &out));
    EST_TRY(est__out(k, 1, &flat, &out_ids));
    for (int i = 1; i < shape.rank; i++)
        width *= shape.dim[i];
    memset(out->data, 0, (size_t)(d.count * width) * sizeof(float));
    const float *from = rows->data;
    for (int64_t i = 0; i < n; i++, from += width) {
        float *to = (float *)out->data + place[i] * width;
        for (int64_t j = 0; j < width; j++)
            to[j] += from[j];
    }
    memcpy(out_ids->data, d.id, (size_t)d.count * sizeof *d.id);
    return EST_OK;
}

static void sum_body(est_body *b)
{
    est_node *unique = EST_OP1(b->g, "Unique", b->x[1]), *count = EST_OP1(b->g, "Size", unique);
    b->y[0] = EST_OP3(b->g, "UnsortedSegmentSum", b->x[0], est_node_output(unique, 1), count);
    b->y[1] = unique;
}

EST_OPS(unique,
        { .tf_name = "Unique",
          .signature = "x: T -> y: T, idx: out_idx; T: {string, int32, int64, float, double, bool, uint8, "
                       "int8, int16, uint16, uint32, uint64}; out_idx: {int32, int64} = int32",
          .infer = infer_unique, .cpu = unique_cpu, .grad = est__grad_none,
          .state_size = sizeof(unique_state), .prepare = prepare_unique },
        { .tf_name = "EstSumDuplicateIds",
          .signature = "rows: T, ids: int64 -> unique_rows: T, unique_ids: int64; T: {float}",
          .infer = infer_sum, .cpu = sum_cpu, .grad = est__grad_none, .body = sum_body });

est_node *est_sum_duplicate_ids(est_graph *g, est_node *rows, est_node *ids)
{
    return EST_OP2(g, "EstSumDuplicateIds", rows, ids);
}
