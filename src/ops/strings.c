/* Strings: hashing into buckets, joining, measuring. */
#include "ops/ops.h"

/* ---- StringToHashBucketFast: Fingerprint64 modulo ---- */
typedef struct hash_state {
    uint64_t num_buckets;
} hash_state;

static est_status prepare_hash(const est_operation *op, void *state)
{
    int64_t n = est__attr_int(op, "num_buckets");
    if (n < 1)
        return EST_PREPARE_FAIL(op, "num_buckets is %lld, it must be at least 1", (long long)n);
    ((hash_state *)state)->num_buckets = (uint64_t)n;
    return EST_OK;
}

static est_status hash_cpu(est_kernel *k)
{
    const est_tensor *x = est__in(k, 0);
    uint64_t buckets = ((const hash_state *)k->state)->num_buckets;
    est_tensor *out;
    EST_TRY(est__out(k, 0, &x->shape, &out));
    int64_t n = est__tensor_elements(x), *to = out->data;
    const int64_t *offset = x->data;
    bool power = (buckets & (buckets - 1)) == 0;   /* of two: no division */
    for (int64_t i = 0; i < n; i++) {
        uint64_t v = est__fingerprint64(x->bytes + offset[i], (size_t)(offset[i + 1] - offset[i]));
        to[i] = (int64_t)(power ? v & (buckets - 1) : v % buckets);
    }
    return EST_OK;
}

/* ---- StringJoin: scalars are joined to every element ---- */
typedef struct join_state {
    char *separator;
    size_t length;
} join_state;

static est_status prepare_join(const est_operation *op, void *state)
{
    const est_attr *a = est__attr(op, "separator");
    join_state *s = state;
    s->length = a->s.n;
    s->separator = est__strndup(a->s.p, a->s.n);
    return s->separator != NULL ? EST_OK : est__fail_memory(a->s.n);
}

static void release_join(void *state)
{
    est__free(((join_state *)state)->separator);
}

static est_status infer_join(est_infer *c)
{
    est_shape shape = { 0 };
    for (int i = 0; i < c->op->num_inputs; i++) {
        const est_shape *in = est__infer_in(c, i);
        if (in->rank == 0)
            continue;
        if (shape.rank == 0)
            shape = *in;
        else
            EST_TRY(est__shape_merge(c, &shape, in, &shape));
    }
    c->out[0] = shape;
    return EST_OK;
}

static est_status join_shape(est_kernel *k, est_shape *shape)
{
    *shape = (est_shape){ 0 };
    for (int i = 0; i < k->num_in; i++) {
        const est_shape *in = &est__in(k, i)->shape;
        if (in->rank > 0 && shape->rank > 0 && !est_shape_equal(in, shape)) {
            char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "input %d is %s, one before it is %s", i,
                                    est__shape_string(a, in), est__shape_string(b, shape));
        }
        if (in->rank > 0)
            *shape = *in;
    }
    return EST_OK;
}

static const char *joined_part(const est_kernel *k, int input, int64_t i, size_t *n)
{
    const est_tensor *t = est__in(k, input);
    return est_tensor_string(t, t->shape.rank == 0 ? 0 : i, n);
}

static est_status join_cpu(est_kernel *k)
{
    const join_state *s = k->state;
    est_shape shape;
    est_tensor *out;
    size_t bytes = 0, n;
    EST_TRY(join_shape(k, &shape));
    int64_t count = est_shape_elements(&shape);
    for (int64_t i = 0; i < count; i++)
        for (int j = 0; j < k->num_in; j++) {
            joined_part(k, j, i, &n);
            bytes += n + (j > 0 ? s->length : 0);
        }
    EST_TRY(est__out_strings(k, 0, &shape, bytes, &out));
    int64_t *offset = out->data, at = 0;
    for (int64_t i = 0; i < count; i++) {
        for (int j = 0; j < k->num_in; j++) {
            const char *part = joined_part(k, j, i, &n);
            if (j > 0 && s->length > 0)
                memcpy(out->bytes + at, s->separator, s->length);
            at += j > 0 ? (int64_t)s->length : 0;
            if (n > 0)
                memcpy(out->bytes + at, part, n);
            at += (int64_t)n;
        }
        offset[i + 1] = at;
    }
    return EST_OK;
}

/* ---- StringLength, in bytes or in UTF-8 characters ---- */
typedef struct length_state {
    bool characters;
} length_state;

static est_status prepare_length(const est_operation *op, void *state)
{
    const char *unit = est__attr_string(op, "unit");
    if (strcmp(unit, "BYTE") != 0 && strcmp(unit, "UTF8_CHAR") != 0)
        return EST_PREPARE_FAIL(op, "the unit \"%s\" is neither BYTE nor UTF8_CHAR", unit);
    ((length_state *)state)->characters = unit[0] == 'U';
    return EST_OK;
}

static est_status length_cpu(est_kernel *k)
{
    const est_tensor *x = est__in(k, 0);
    bool characters = ((const length_state *)k->state)->characters;
    est_tensor *out;
    EST_TRY(est__out(k, 0, &x->shape, &out));
    int64_t n = est__tensor_elements(x);
    for (int64_t i = 0; i < n; i++) {
        size_t size, length = 0;
        const char *s = est_tensor_string(x, i, &size);
        for (size_t j = 0; characters && j < size; j++)
            length += ((unsigned char)s[j] & 0xc0) != 0x80;   /* not a continuation byte */
        ((int32_t *)out->data)[i] = (int32_t)(characters ? length : size);
    }
    return EST_OK;
}

EST_OPS(strings,
        { .tf_name = "StringToHashBucketFast",
          .signature = "input: string -> output: int64; num_buckets: int",
          .infer = est__infer_same, .cpu = hash_cpu, .grad = est__grad_none,
          .state_size = sizeof(hash_state), .prepare = prepare_hash },
        { .tf_name = "StringJoin",
          .signature = "inputs: N*string -> output: string; N: int; separator: string = ''",
          .infer = infer_join, .cpu = join_cpu, .grad = est__grad_none,
          .state_size = sizeof(join_state), .prepare = prepare_join, .release = release_join },
        { .tf_name = "StringLength", .signature = "input: string -> output: int32; unit: string = 'BYTE'",
          .infer = est__infer_same, .cpu = length_cpu, .grad = est__grad_none,
          .state_size = sizeof(length_state), .prepare = prepare_length });

est_node *est_string_to_hash_bucket_fast(est_graph *g, est_node *x, int64_t num_buckets)
{
    return est_op(g, "StringToHashBucketFast", NULL, EST_NODES(x),
                  EST_ATTRS(EST_INT_ATTR("num_buckets", num_buckets)));
}

est_node *est_string_join(est_graph *g, est_nodes parts, const char *separator)
{
    return est_op(g, "StringJoin", NULL, parts,
                  EST_ATTRS(EST_STRING_ATTR("separator", separator ? separator : "")));
}
