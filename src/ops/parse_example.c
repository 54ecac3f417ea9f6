/* ParseExample and ParseExampleV2: serialized tf.Examples into dense, sparse and ragged columns. Keys and
 * defaults are inputs, which hardly ever change: parsers are kept with what they were made from, and taken
 * by one run at a time. */
#include <stdatomic.h>

#include "formats/example.h"
#include "ops/ops.h"

enum { KEPT = 16, MAX_ELEMENTS = 1 << 26 };

typedef enum form { SPARSE, DENSE, RAGGED } form;

typedef struct feature {
    form form;
    est_dtype dtype;
    est_shape shape;        /* dense; the first dimension may be open: rows are padded to the longest */
    bool wide_splits;       /* ragged: int64 */
} feature;

/* A parser, and copies of the inputs that it was made from. */
typedef struct kept_parser {
    est__example_parser *parser;
    est_tensor **given;
    int num_given;
} kept_parser;

typedef struct parse_state {
    feature *feature;       /* sparse, dense, ragged: the order of the keys */
    int num_sparse, num_dense, num_ragged;
    bool v2;
    _Atomic(kept_parser *) kept[KEPT];
} parse_state;

/* ---- what the attributes say ---- */
static const est_dtype *types_of(const est_operation *op, const char *name, int *count)
{
    const est_attr *a = est__attr(op, name);
    *count = a != NULL ? (int)a->list.count : 0;
    return a != NULL ? a->list.type : NULL;
}

static int count_of(const est_operation *op, const char *name)
{
    int n;
    types_of(op, name, &n);
    return n;
}

/* Lists that belong together are equally long. */
static est_status check_counts(const est_infer *c)
{
    const est_operation *op = c->op;
    bool v2 = est__attr(op, "num_sparse") != NULL;
    int sparse = count_of(op, "sparse_types"), dense = count_of(op, "Tdense");
    int ragged = count_of(op, "ragged_value_types"), splits = count_of(op, "ragged_split_types");
    size_t shapes = est__attr(op, "dense_shapes")->list.count;
    if (est__attr_int(op, v2 ? "num_sparse" : "Nsparse") != sparse)
        return est__infer_fail(c, "%d sparse_types for %lld sparse features", sparse,
                               (long long)est__attr_int(op, v2 ? "num_sparse" : "Nsparse"));
    if ((size_t)dense != shapes || (!v2 && est__attr_int(op, "Ndense") != dense))
        return est__infer_fail(c, "%zu dense_shapes for %d dense features", shapes, dense);
    if (splits != ragged)
        return est__infer_fail(c, "%d ragged_value_types and %d ragged_split_types", ragged, splits);
    return EST_OK;
}

static est_status check_shape(const est_infer *c, const est_shape *shape)
{
    char text[EST__SHAPE_TEXT_SIZE];
    int64_t n = 1;
    bool good = shape->rank >= 0 && shape->rank < EST_MAX_RANK;
    for (int d = 0; good && d < shape->rank; d++) {
        if (d == 0 && shape->dim[0] < 0)
            continue;
        good = shape->dim[d] >= 0 && shape->dim[d] <= MAX_ELEMENTS;
        n *= good ? shape->dim[d] : 1;
        good = good && n <= MAX_ELEMENTS;
    }
    return good ? EST_OK : est__infer_fail(c, "the dense shape %s: only its first dimension may be unknown",
                                           est__shape_string(text, shape));
}

static est_status prepare(const est_operation *op, void *state)
{
    parse_state *s = state;
    s->v2 = est__attr(op, "num_sparse") != NULL;
    const est_dtype *sparse = types_of(op, "sparse_types", &s->num_sparse),
                    *dense = types_of(op, "Tdense", &s->num_dense);
    const est_dtype *ragged = types_of(op, "ragged_value_types", &s->num_ragged);
    size_t n = (size_t)s->num_sparse + (size_t)s->num_dense + (size_t)s->num_ragged;
    feature *f = s->feature = est__calloc(n, sizeof *f);
    if (f == NULL)
        return est__fail_memory(n * sizeof *f);
    for (int i = 0; i < s->num_sparse; i++)
        *f++ = (feature){ .form = SPARSE, .dtype = sparse[i] };
    for (int i = 0; i < s->num_dense; i++, f++) {
        *f = (feature){ .form = DENSE,
                        .dtype = dense[i],
                        .shape = est__attr(op, "dense_shapes")->list.shape[i] };
    }
    for (int i = 0; i < s->num_ragged; i++)
        *f++ = (feature){ .form = RAGGED, .dtype = ragged[i],
                          .wide_splits = est__attr(op, "ragged_split_types")->list.type[i] == EST_INT64 };
    return EST_OK;
}

static void free_kept(kept_parser *p)
{
    if (p == NULL)
        return;
    for (int i = 0; i < p->num_given; i++)
        est_tensor_free(p->given[i]);
    est__free(p->given);
    est__example_parser_free(p->parser);
    est__free(p);
}

static void release(void *state)
{
    parse_state *s = state;
    for (int i = 0; i < KEPT; i++)
        free_kept(atomic_exchange(&s->kept[i], NULL));
    est__free(s->feature);
}

static est_status infer(est_infer *c)
{
    const est_operation *op = c->op;
    const est_shape *serialized = est__infer_in(c, 0);
    int sparse = count_of(op, "sparse_types"), dense = count_of(op, "Tdense"), at = 0;
    int ragged = count_of(op, "ragged_value_types");
    EST_TRY(check_counts(c));
    if (serialized->rank >= 0 && serialized->rank != 1)
        return est__infer_fail(c, "a vector of serialized Examples is wanted");
    int64_t batch = serialized->rank == 1 ? serialized->dim[0] : -1;
    for (int i = 0; i < sparse; i++)
        c->out[at++] = est_shape_of(2, (int64_t[]){ -1, 2 });
    for (int i = 0; i < sparse; i++)
        c->out[at++] = est_shape_of(1, (int64_t[]){ -1 });
    for (int i = 0; i < sparse; i++)
        c->out[at++] = est_shape_of(1, (int64_t[]){ 2 });
    for (int i = 0; i < dense; i++) {
        est_shape shape = est__attr(op, "dense_shapes")->list.shape[i], *out = &c->out[at++];
        EST_TRY(check_shape(c, &shape));
        *out = (est_shape){ .rank = shape.rank + 1, .dim = { batch } };
        memcpy(out->dim + 1, shape.dim, sizeof shape.dim[0] * (size_t)shape.rank);
    }
    for (int i = 0; i < ragged; i++)
        c->out[at++] = est_shape_of(1, (int64_t[]){ -1 });
    for (int i = 0; i < ragged; i++)
        c->out[at++] = est_shape_of(1, (int64_t[]){ batch < 0 ? -1 : batch + 1 });
    return EST_OK;
}

/* ---- parsers ---- */
static int num_features(const parse_state *s)
{
    return s->num_sparse + s->num_dense + s->num_ragged;
}

static int first_default(const parse_state *s)
{
    return s->v2 ? 5 : 2 + s->num_sparse + s->num_dense;
}

/* The key of feature i, among the inputs. */
static est_status key_of(const est_kernel *k, const parse_state *s, int i, const char **key, size_t *length)
{
    int input = 2 + i, at = 0, count = 1;
    if (s->v2) {
        form which = s->feature[i].form;
        input = which == SPARSE ? 2 : which == DENSE ? 3 : 4;
        at = which == SPARSE ? i : which == DENSE ? i - s->num_sparse : i - s->num_sparse - s->num_dense;
        count = which == SPARSE ? s->num_sparse : which == DENSE ? s->num_dense : s->num_ragged;
    }
    if (est__tensor_elements(est__in(k, input)) != count)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "input %d gives %lld keys for %d features", input,
                                (long long)est__tensor_elements(est__in(k, input)), count);
    *key = est_tensor_string(est__in(k, input), at, length);
    return EST_OK;
}

static int64_t row_size(const est_shape *shape, bool *open)
{
    int64_t n = 1;
    *open = shape->rank > 0 && shape->dim[0] < 0;
    for (int d = *open ? 1 : 0; d < shape->rank; d++)
        n *= shape->dim[d];
    return n;
}

static est_status spec_of(const est_kernel *k, const parse_state *s, int i, est__arena *a,
                          est__feature_spec *spec)
{
    const feature *f = &s->feature[i];
    const char *key = NULL;
    size_t length = 0;
    bool open;
    EST_TRY(key_of(k, s, i, &key, &length));
    *spec = (est__feature_spec){ .name = est__arena_strndup(a, key, length),
                                 .dtype = f->dtype,
                                 .variable = true };
    if (spec->name == NULL)
        return est__fail_memory(length);
    if (f->form != DENSE)
        return EST_OK;
    const est_tensor *def = est__in(k, first_default(s) + i - s->num_sparse);
    int64_t given = est__tensor_elements(def);
    spec->size = (size_t)row_size(&f->shape, &open);
    spec->variable = open;
    if (open && given > 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "feature '%s' of open length has %lld default values, not one", spec->name,
                                (long long)given);
    if (open || given == 0)
        return EST_OK;
    spec->default_values = def->data;
    spec->default_count = (size_t)given;
    if (f->dtype == EST_STRING) {
        est__bytes *strings = est__arena_alloc(a, spec->default_count * sizeof *strings);
        if (strings == NULL)
            return est__fail_memory(spec->default_count * sizeof *strings);
        for (size_t j = 0; j < spec->default_count; j++)
            strings[j].p = (const unsigned char *)est_tensor_string(def, (int64_t)j, &strings[j].n);
        spec->default_values = strings;
    }
    return EST_OK;
}

static est_status make_parser(const est_kernel *k, const parse_state *s, kept_parser *p)
{
    est__arena arena = { 0 };
    int n = num_features(s);
    est_status st = EST_OK;
    est__feature_spec *specs = est__arena_alloc(&arena, ((size_t)n + 1) * sizeof *specs);
    if (specs == NULL)
        st = est__fail_memory((size_t)n * sizeof *specs);
    for (int i = 0; st == EST_OK && i < n; i++)
        st = spec_of(k, s, i, &arena, &specs[i]);
    if (st == EST_OK)
        st = est__example_parser_new(specs, (size_t)n, &p->parser);
    est__arena_free(&arena);
    return st;
}

static est_status new_kept(const est_kernel *k, const parse_state *s, kept_parser **out)
{
    kept_parser *p = *out = est__calloc(1, sizeof *p);
    if (p == NULL)
        return est__fail_memory(sizeof *p);
    p->given = est__calloc((size_t)k->num_in, sizeof *p->given);
    est_status st =
        p->given != NULL ? make_parser(k, s, p) : est__fail_memory((size_t)k->num_in * sizeof *p->given);
    for (int i = 2; st == EST_OK && i < k->num_in; i++)
        st = est_tensor_copy(est__in(k, i), &p->given[p->num_given++]);
    if (st != EST_OK) {
        free_kept(p);
        *out = NULL;
    }
    return st;
}

static bool equal(const est_tensor *a, const est_tensor *b)
{
    int64_t n = est__tensor_elements(a);
    if (a->dtype != b->dtype || !est_shape_equal(&a->shape, &b->shape))
        return false;
    if (n == 0 || a->dtype != EST_STRING)
        return n == 0 || memcmp(a->data, b->data, est__tensor_bytes(a)) == 0;
    for (int64_t i = 0; i < n; i++) {
        size_t x, y;
        const char *s = est_tensor_string(a, i, &x), *t = est_tensor_string(b, i, &y);
        if (x != y || memcmp(s, t, x) != 0)
            return false;
    }
    return true;
}

static bool made_from(const kept_parser *p, const est_kernel *k)
{
    for (int i = 0; i < p->num_given; i++)
        if (!equal(p->given[i], est__in(k, i + 2)))
            return false;
    return true;
}

static est_status take_parser(const est_kernel *k, parse_state *s, kept_parser **out)
{
    for (int i = 0; i < KEPT; i++) {
        *out = atomic_exchange(&s->kept[i], NULL);
        if (*out != NULL && made_from(*out, k))
            return EST_OK;
        free_kept(*out);
    }
    return new_kept(k, s, out);
}

static void give_parser(parse_state *s, kept_parser *p)
{
    est__example_clear(p->parser);
    for (int i = 0; p != NULL && i < KEPT; i++) {
        kept_parser *none = NULL;
        if (atomic_compare_exchange_strong(&s->kept[i], &none, p))
            return;
    }
    free_kept(p);
}

/* ---- outputs ---- */
static est_status put_strings(est_kernel *k, int i, const est_shape *shape, const est__bytes *from, size_t n)
{
    est_tensor *out;
    size_t bytes = 0;
    for (size_t j = 0; j < n; j++)
        bytes += from[j].n;
    EST_TRY(est__out_strings(k, i, shape, bytes, &out));
    int64_t *offset = out->data, at = 0;
    for (size_t j = 0; j < n; j++) {
        if (from[j].n > 0)
            memcpy(out->bytes + at, from[j].p, from[j].n);
        at += (int64_t)from[j].n;
        offset[j + 1] = at;
    }
    return EST_OK;
}

static est_status put_values(est_kernel *k, int i, const est_shape *shape, est_dtype dtype,
                             const est__feature_column *c)
{
    est_tensor *out;
    if (dtype == EST_STRING)
        return put_strings(k, i, shape, c->values, c->count);
    EST_TRY(est__out(k, i, shape, &out));
    if (c->count > 0)
        memcpy(out->data, c->values, c->count * est_dtype_size(dtype));
    return EST_OK;
}

static int64_t longest_row(const est__feature_column *c, int64_t rows)
{
    int64_t most = 0;
    for (int64_t r = 0; r < rows; r++)
        if (c->row_offsets[r + 1] - c->row_offsets[r] > most)
            most = c->row_offsets[r + 1] - c->row_offsets[r];
    return most;
}

static est_status put_sparse(est_kernel *k, const parse_state *s, int i, const est__feature_column *c,
                             int64_t rows)
{
    est_tensor *indices, *shape;
    est_shape pairs = est_shape_of(2, (int64_t[]){ (int64_t)c->count, 2 }), flat = est_shape_of(1, pairs.dim);
    est_shape two = est_shape_of(1, (int64_t[]){ 2 });
    EST_TRY(est__out(k, i, &pairs, &indices));
    int64_t *to = indices->data;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = c->row_offsets[r]; j < c->row_offsets[r + 1]; j++) {
            *to++ = r;
            *to++ = j - c->row_offsets[r];
        }
    EST_TRY(put_values(k, s->num_sparse + i, &flat, s->feature[i].dtype, c));
    EST_TRY(est__out(k, 2 * s->num_sparse + i, &two, &shape));
    ((int64_t *)shape->data)[0] = rows;
    ((int64_t *)shape->data)[1] = longest_row(c, rows);
    return EST_OK;
}

static est_status put_ragged(est_kernel *k, const parse_state *s, int i, const est__feature_column *c,
                             int64_t rows)
{
    int values = 3 * s->num_sparse + s->num_dense + (i - s->num_sparse - s->num_dense);
    est_shape flat = est_shape_of(1, (int64_t[]){ (int64_t)c->count }),
              ends = est_shape_of(1, (int64_t[]){ rows + 1 });
    est_tensor *splits;
    EST_TRY(put_values(k, values, &flat, s->feature[i].dtype, c));
    EST_TRY(est__out(k, values + s->num_ragged, &ends, &splits));
    for (int64_t r = 0; r <= rows; r++) {
        if (s->feature[i].wide_splits)
            ((int64_t *)splits->data)[r] = c->row_offsets[r];
        else
            ((int32_t *)splits->data)[r] = (int32_t)c->row_offsets[r];
    }
    return EST_OK;
}

/* The values of rows of open length, each padded to `length`; `pad` for what is missing. */
static est_status put_padded(est_kernel *k, int at, const est_shape *shape, est_dtype dtype,
                             const est__feature_column *c, int64_t rows, int64_t length,
                             const est_tensor *pad)
{
    est_tensor *out;
    if (dtype == EST_STRING) {
        est__bytes *all = est__scratch(k, (size_t)(rows * length) * sizeof *all),
                   filler = { (const unsigned char *)"", 0 };
        if (all == NULL)
            return EST_RESOURCE_EXHAUSTED;
        if (est__tensor_elements(pad) == 1)
            filler.p = (const unsigned char *)est_tensor_string(pad, 0, &filler.n);
        for (int64_t r = 0, n = 0; r < rows; r++)
            for (int64_t j = 0; j < length; j++, n++)
                all[n] = c->row_offsets[r] + j < c->row_offsets[r + 1] ?
                         ((const est__bytes *)c->values)[c->row_offsets[r] + j] : filler;
        return put_strings(k, at, shape, all, (size_t)(rows * length));
    }
    EST_TRY(est__out(k, at, shape, &out));
    size_t size = est_dtype_size(dtype);
    char *to = out->data;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = 0; j < length; j++, to += size) {
            if (c->row_offsets[r] + j < c->row_offsets[r + 1])
                memcpy(to, (const char *)c->values + (size_t)(c->row_offsets[r] + j) * size, size);
            else if (est__tensor_elements(pad) == 1)
                memcpy(to, pad->data, size);
            else
                memset(to, 0, size);
        }
    return EST_OK;
}

static est_status put_dense(est_kernel *k, const parse_state *s, int i, const est__feature_column *c,
                            int64_t rows)
{
    const feature *f = &s->feature[i];
    bool open;
    int64_t size = row_size(&f->shape, &open);
    int at = 3 * s->num_sparse + (i - s->num_sparse);
    est_shape shape = { .rank = f->shape.rank + 1, .dim = { rows } };
    memcpy(shape.dim + 1, f->shape.dim, sizeof shape.dim[0] * (size_t)f->shape.rank);
    if (!open)
        return put_values(k, at, &shape, f->dtype, c);
    for (int64_t r = 0; r < rows; r++)
        if (size == 0 || (c->row_offsets[r + 1] - c->row_offsets[r]) % size != 0)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                    "record %lld: dense feature %d has %lld values, not a multiple of %lld",
                                    (long long)r, i - s->num_sparse,
                                    (long long)(c->row_offsets[r + 1] - c->row_offsets[r]), (long long)size);
    int64_t length = longest_row(c, rows);
    shape.dim[1] = size == 0 ? 0 : length / size;
    return put_padded(k, at, &shape, f->dtype, c, rows, length,
                      est__in(k, first_default(s) + i - s->num_sparse));
}

static est_status parse_all(est_kernel *k, const parse_state *s, est__example_parser *p)
{
    const est_tensor *serialized = est__in(k, 0);
    int64_t rows = est__tensor_elements(serialized);
    for (int64_t r = 0; r < rows; r++) {
        est__bytes record;
        record.p = (const unsigned char *)est_tensor_string(serialized, r, &record.n);
        est_status st = est__example_parse(p, record, "serialized", r);
        if (st != EST_OK)
            return est__kernel_fail(k, st, "%s", est_error());
    }
    for (int i = 0; i < num_features(s); i++) {
        const est__feature_column *c = est__example_column(p, (size_t)i);
        form which = s->feature[i].form;
        EST_TRY(which == SPARSE  ? put_sparse(k, s, i, c, rows)
                : which == DENSE ? put_dense(k, s, i, c, rows)
                                 : put_ragged(k, s, i, c, rows));
    }
    return EST_OK;
}

static est_status parse_cpu(est_kernel *k)
{
    parse_state *s = k->state;
    kept_parser *p;
    if (est__in(k, 0)->shape.rank != 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "a vector of serialized Examples is wanted, this has rank %d",
                                est__in(k, 0)->shape.rank);
    est_status st = take_parser(k, s, &p);
    if (st != EST_OK)
        return est__kernel_fail(k, st, "%s", est_error());
    st = parse_all(k, s, p->parser);
    give_parser(s, p);
    return st;
}

#define HELD "{float, int64, string}"
#define ROW                                                      \
    .infer = infer, .cpu = parse_cpu, .grad = est__grad_none,    \
    .state_size = sizeof(parse_state), .prepare = prepare, .release = release

EST_OPS(parse_example,
        { .tf_name = "ParseExampleV2",
          .signature = "serialized: string, names: string, sparse_keys: string, dense_keys: string, "
                       "ragged_keys: string, dense_defaults: Tdense -> sparse_indices: num_sparse*int64, "
                       "sparse_values: sparse_types, sparse_shapes: num_sparse*int64, dense_values: Tdense, "
                       "ragged_values: ragged_value_types, ragged_row_splits: ragged_split_types; "
                       "Tdense: list(" HELD "); num_sparse: int; sparse_types: list(" HELD "); "
                       "ragged_value_types: list(" HELD "); ragged_split_types: list({int32, int64}); "
                       "dense_shapes: list(shape)",
          ROW },
        { .tf_name = "ParseExample",
          .signature = "serialized: string, names: string, sparse_keys: Nsparse*string, "
                       "dense_keys: Ndense*string, dense_defaults: Tdense -> sparse_indices: Nsparse*int64, "
                       "sparse_values: sparse_types, sparse_shapes: Nsparse*int64, dense_values: Tdense; "
                       "Nsparse: int; Ndense: int; sparse_types: list(" HELD "); "
                       "Tdense: list(" HELD "); dense_shapes: list(shape)",
          ROW });
