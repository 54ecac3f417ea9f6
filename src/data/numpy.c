/* NumPy's files as a dataset: each array is a feature, its first dimension the rows. */
#include "data/numpy.h"

#include <estimator/readers.h>

typedef struct arrays {
    const est_numpy_options *o;
    est__arena arena;
    char **file;               /* what the arrays point into */
    est__array *array;
    const char **path;         /* of each array */
    size_t count, capacity, path_capacity;
} arrays;

static est_status read_file(arrays *a, size_t i)
{
    const char *path = a->o->input_path.data[i], *base = est__base_name(path), *dot = strrchr(base, '.');
    const char *stem = est__arena_strndup(&a->arena, base, dot && dot > base ? (size_t)(dot - base) : strlen(base));
    est__array *found;
    size_t size, n;
    if (!stem)
        return est__fail_memory(strlen(base));
    EST_TRY(est__file_read(path, 0, &a->file[i], &size));
    est_status st = est__numpy_parse((est__bytes){ (unsigned char *)a->file[i], size }, stem, &a->arena, &found, &n);
    if (st != EST_OK)
        return est__fail_in(st, "%s", path);
    EST_TRY(est__grow(&a->array, &a->capacity, a->count + n, sizeof *a->array));
    EST_TRY(est__grow(&a->path, &a->path_capacity, a->count + n, sizeof *a->path));
    for (size_t k = 0; k < n; k++) {
        a->array[a->count] = found[k];
        a->path[a->count++] = path;
    }
    return EST_OK;
}

/* ---- elements ---- */

static int64_t integer_at(const est__array *a, size_t i)
{
    const unsigned char *p = a->data + i * a->item;
    bool sign = a->kind == 'i';
    switch (a->item) {
    case 1: return sign ? (int8_t)*p : *p;
    case 2: return sign ? (int16_t)(p[0] | p[1] << 8) : p[0] | p[1] << 8;
    case 4: return sign ? (int32_t)est__u32le(p) : (int64_t)est__u32le(p);
    default: return (int64_t)est__u64le(p);
    }
}

static double float_at(const est__array *a, size_t i)
{
    if (a->kind != 'f')
        return (double)integer_at(a, i);
    uint64_t wide = a->item == 8 ? est__u64le(a->data + i * 8) : 0;
    uint32_t narrow = a->item == 4 ? est__u32le(a->data + i * 4) : 0;
    double d;
    float f;
    memcpy(&d, &wide, sizeof d);
    memcpy(&f, &narrow, sizeof f);
    return a->item == 8 ? d : (double)f;
}

/* The bytes of an element of text, zeros at its end left out; code points as UTF-8. `out` has room for a->item bytes. */
static size_t text_at(const est__array *a, size_t i, char *out)
{
    const unsigned char *p = a->data + i * a->item;
    size_t n = a->item, size = 0;
    if (a->kind == 'S') {
        while (n && !p[n - 1])
            n--;
        memcpy(out, p, n);
        return n;
    }
    while (n && !est__u32le(p + n - 4))
        n -= 4;
    for (size_t k = 0; k < n; k += 4) {
        uint32_t c = est__u32le(p + k);
        int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
        static const unsigned char first[] = { 0, 0xC0, 0xE0, 0xF0 };
        out[size++] = (char)(first[more] | c >> 6 * more);
        for (int m = more - 1; m >= 0; m--)
            out[size++] = (char)(0x80 | (c >> 6 * m & 0x3F));
    }
    return size;
}

static est_dtype natural(const est__array *a)
{
    if (a->kind == 'S' || a->kind == 'U')
        return EST_STRING;
    if (a->kind == 'f')
        return a->item == 4 ? EST_FLOAT : EST_DOUBLE;
    return EST_INT64;
}

static est_status fill_texts(const est__array *a, size_t n, est__arena *arena, est_tensor *t)
{
    int64_t *offsets = est__arena_alloc(arena, (n + 1) * sizeof *offsets);
    t->bytes = est__arena_alloc(arena, n * a->item + 1);
    if (!offsets || !t->bytes)
        return est__fail_memory(n * (a->item + 8));
    for (size_t i = 0; i < n; i++)
        offsets[i + 1] = offsets[i] + (int64_t)text_at(a, i, t->bytes + offsets[i]);
    t->data = offsets;
    return EST_OK;
}

static est_status fill_tensor(const est__array *a, est__arena *arena, est_tensor *t)
{
    size_t n = (size_t)est_shape_elements(&a->shape);
    if (t->dtype == EST_STRING)
        return fill_texts(a, n, arena, t);
    t->data = est__arena_alloc(arena, n * 8 + 1);
    if (!t->data)
        return est__fail_memory(n * 8);
    for (size_t i = 0; i < n; i++)
        if (t->dtype == EST_FLOAT)
            ((float *)t->data)[i] = (float)float_at(a, i);
        else if (t->dtype == EST_DOUBLE)
            ((double *)t->data)[i] = float_at(a, i);
        else
            ((int64_t *)t->data)[i] = integer_at(a, i);
    return EST_OK;
}

/* ---- features ---- */

static est_status make_tensor(arrays *a, size_t i, const est_feature *wanted, est_tensor *t)
{
    const est__array *from = &a->array[i];
    est_dtype has = natural(from);
    *t = (est_tensor){ .dtype = wanted ? wanted->dtype : has, .shape = from->shape };
    if (from->shape.rank < 1)
        return est__fail(EST_INVALID_ARGUMENT, "%s: array '%s' is a scalar: rows are needed", a->path[i], from->name);
    if (from->shape.dim[0] > 0 && est_shape_elements(&from->shape) == 0)   /* any number of rows would stand in no bytes at all */
        return est__fail(EST_INVALID_ARGUMENT, "%s: array '%s' has %lld rows without values", a->path[i], from->name,
                         (long long)from->shape.dim[0]);
    bool fits = t->dtype == has || (t->dtype == EST_FLOAT && has != EST_STRING);
    if (!fits)
        return est__fail(EST_INVALID_ARGUMENT, "%s: array '%s' holds %s, %s is wanted", a->path[i], from->name, est_dtype_name(has),
                         est_dtype_name(t->dtype));
    if (wanted && !wanted->variable_length) {
        t->shape = est_shape_of(1, from->shape.dim);
        for (int k = 0; k < wanted->shape.rank && t->shape.rank < EST_MAX_RANK; k++)
            t->shape.dim[t->shape.rank++] = wanted->shape.dim[k];
        if (est_shape_elements(&t->shape) != est_shape_elements(&from->shape))
            return est__fail(EST_INVALID_ARGUMENT, "%s: array '%s': %lld values a row, %lld are wanted", a->path[i], from->name,
                             (long long)(from->shape.dim[0] ? est_shape_elements(&from->shape) / from->shape.dim[0] : 0),
                             (long long)est_shape_elements(&wanted->shape));
    }
    return fill_tensor(from, &a->arena, t);
}

static est_status find_array(const arrays *a, const char *name, size_t *at)
{
    for (*at = 0; *at < a->count; ++*at)
        if (!strcmp(a->array[*at].name, name))
            return EST_OK;
    const char **names = est__calloc(a->count + 1, sizeof *names);
    for (size_t i = 0; names && i < a->count; i++)
        names[i] = a->array[i].name;
    const char *near = names ? est__nearest(name, names, a->count) : NULL;
    est__free(names);
    return est__fail(EST_INVALID_ARGUMENT, "%s: there is no array '%s'%s%s%s", a->o->input_path.data[0], name,
                     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static const est_feature *find_feature(est_features_spec features, const char *name)
{
    for (size_t i = 0; i < features.count; i++)
        if (!strcmp(features.data[i].name, name))
            return &features.data[i];
    return NULL;
}

static est_status make_dataset(arrays *a, est_dataset **out)
{
    est_features_spec f = a->o->features;
    const char *label = a->o->label.count ? a->o->label.data[0] : NULL;
    size_t most = (f.count ? f.count : a->count) + 1, n = 0, at;
    est_tensor *tensor = est__arena_alloc(&a->arena, (most + 1) * sizeof *tensor);
    const est_tensor **list = est__arena_alloc(&a->arena, most * sizeof *list);
    const char **name = est__arena_alloc(&a->arena, most * sizeof *name);
    if (!tensor || !list || !name)
        return est__fail_memory(most * sizeof *tensor);
    for (size_t i = 0; i < most - 1; i++) {
        const est_feature *wanted = f.count ? &f.data[i] : NULL;
        name[n] = f.count ? wanted->name : a->array[i].name;
        if (label && !strcmp(name[n], label))
            continue;
        EST_TRY(find_array(a, name[n], &at));
        EST_TRY(make_tensor(a, at, wanted, &tensor[n]));
        list[n] = &tensor[n];
        n++;
    }
    if (label) {
        EST_TRY(find_array(a, label, &at));
        EST_TRY(make_tensor(a, at, find_feature(f, label), &tensor[most]));
    }
    return est_memory_dataset_new(name, list, n, label ? &tensor[most] : NULL, out);
}

est_status est_numpy_dataset_new_sized(const est_numpy_options *options, size_t size, est_dataset **out)
{
    est_numpy_options o = { 0 };
    *out = NULL;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    if (!o.input_path.count)
        return est__fail(EST_INVALID_ARGUMENT, "a NumPy dataset needs input_path");
    if (o.label.count > 1)
        return est__fail(EST_INVALID_ARGUMENT, "one array is the label, 'label' names %zu", o.label.count);
    arrays a = { .o = &o, .file = est__calloc(o.input_path.count, sizeof *a.file) };
    est_status st = a.file ? EST_OK : est__fail_memory(o.input_path.count * sizeof *a.file);
    for (size_t i = 0; st == EST_OK && i < o.input_path.count; i++)
        st = read_file(&a, i);
    if (st == EST_OK)
        st = make_dataset(&a, out);
    for (size_t i = 0; a.file && i < o.input_path.count; i++)
        est__free(a.file[i]);
    est__free(a.file);
    est__free(a.array);
    est__free(a.path);
    est__arena_free(&a.arena);
    return st;
}
