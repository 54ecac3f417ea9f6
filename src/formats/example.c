/* tf.Example by hand, since parsing it is hot: one pass finds the wanted features, one reads their values straight into the
 * columns. */
#include "formats/example.h"
#include "formats/wire.h"

struct est__example_parser {
    est__feature_spec *specs;
    est__feature_column *columns;
    est__bytes *found;        /* the Feature of each spec in the record at hand; p NULL: absent */
    size_t count, rows;
    est__map *by_name;        /* name -> index + 1 */
    est__arena arena;
};

typedef struct where {
    const char *file;
    int64_t number;
} where;

static size_t element_size(est_dtype dtype)
{
    return dtype == EST_FLOAT ? sizeof(float) : dtype == EST_INT64 ? sizeof(int64_t) : sizeof(est__bytes);
}

static est_status no_example(const where *w)
{
    return est__fail(EST_DATA_LOSS, "%s: record %lld: not a tf.Example, or a damaged one", w->file,
                     (long long)w->number);
}

/* Calls `entry` for each (key, Feature) of the record. */
static est_status each_entry(est__bytes record, const where *w,
                             est_status (*entry)(void *user, est__bytes key, est__bytes feature), void *user)
{
    est__bytes features, pair, key, feature;
    for (;;) {
        if (!est__wire_message(&record, 1, &features))
            return no_example(w);
        if (!features.p)
            return EST_OK;
        while (features.n) {
            if (!est__wire_message(&features, 1, &pair))
                return no_example(w);
            if (!pair.p)
                break;
            if (!est__wire_entry(pair, &key, &feature))
                return no_example(w);
            EST_TRY(entry(user, key, feature));
        }
    }
}

/* ---- values: each reader appends to the column; it fails on a list of another form ---- */

/* Never NULL but without memory, also for no values. */
static void *room(est__feature_column *c, size_t n, size_t size)
{
    if (c->count + n >= c->capacity && est__grow(&c->values, &c->capacity, c->count + n + 1, size) != EST_OK)
        return NULL;
    return (char *)c->values + c->count * size;
}

static est_status bad_list(void)
{
    return est__fail(EST_DATA_LOSS, "its list is damaged");
}

static est_status read_floats(est__bytes list, est__feature_column *c)
{
    est__bytes body;
    while (est__wire_values(&list, EST_FLOAT, &body)) {
        if (!body.p)
            return EST_OK;
        size_t n = body.n / 4;
        unsigned char *to = room(c, n, sizeof(float));
        if (!to)
            return est__fail_memory(body.n);
        for (size_t i = 0; i < n; i++) {
            uint32_t bits = est__u32le(body.p + 4 * i);
            memcpy(to + 4 * i, &bits, 4);
        }
        c->count += n;
    }
    return bad_list();
}

static est_status read_ints(est__bytes list, est__feature_column *c)
{
    est__bytes body;
    while (est__wire_values(&list, EST_INT64, &body)) {
        if (!body.p)
            return EST_OK;
        while (body.n) {
            uint64_t v;
            if (!est__wire_varint(&body, &v))
                return bad_list();
            int64_t *to = room(c, 1, sizeof *to);
            if (!to)
                return est__fail_memory(sizeof v);
            *to = (int64_t)v;
            c->count++;
        }
    }
    return bad_list();
}

static est_status read_strings(est__bytes list, est__feature_column *c)
{
    est__bytes body;
    while (est__wire_values(&list, EST_STRING, &body)) {
        if (!body.p)
            return EST_OK;
        est__bytes *to = room(c, 1, sizeof *to);
        if (!to)
            return est__fail_memory(sizeof *to);
        *to = body;
        c->count++;
    }
    return bad_list();
}

static est_status read_list(est_dtype dtype, est__bytes list, est__feature_column *c)
{
    if (dtype == EST_FLOAT)
        return read_floats(list, c);
    return dtype == EST_INT64 ? read_ints(list, c) : read_strings(list, c);
}

/* ---- the parser ---- */

static est_status put_defaults(const est__feature_spec *s, est__feature_column *c)
{
    size_t size = element_size(s->dtype);
    if (!s->default_values)
        return est__fail(EST_INVALID_ARGUMENT, "it is missing and has no default value");
    char *to = room(c, s->size, size);
    if (!to)
        return est__fail_memory(s->size * size);
    for (size_t i = 0; i < s->size; i++)
        memcpy(to + i * size, (const char *)s->default_values + (s->default_count == 1 ? 0 : i) * size, size);
    c->count += s->size;
    return EST_OK;
}

static est_status parse_feature(const est__feature_spec *s, est__bytes feature, est__feature_column *c)
{
    est_dtype dtype = EST_INVALID;
    est__bytes list = { NULL, 0 };
    if (feature.p && !est__wire_list(feature, &dtype, &list))
        return bad_list();
    if (dtype == EST_INVALID)
        return s->variable ? EST_OK : put_defaults(s, c);
    if (dtype != s->dtype)
        return est__fail(EST_INVALID_ARGUMENT, "its values are %s, %s is wanted",
                         est_dtype_name(dtype), est_dtype_name(s->dtype));
    size_t before = c->count;
    EST_TRY(read_list(dtype, list, c));
    if (!s->variable && c->count - before != s->size)
        return est__fail(EST_INVALID_ARGUMENT, "%zu values, %zu are wanted", c->count - before, s->size);
    return EST_OK;
}

static est_status note_feature(void *user, est__bytes key, est__bytes feature)
{
    est__example_parser *p = user;
    uintptr_t index = (uintptr_t)est__map_get(p->by_name, (const char *)key.p, key.n);
    if (index)
        p->found[index - 1] = feature;
    return EST_OK;
}

/* Back to the rows that were whole. */
static void forget_row(est__example_parser *p)
{
    for (size_t i = 0; i < p->count; i++) {
        const est__feature_spec *s = &p->specs[i];
        p->columns[i].count = s->variable ? (size_t)p->columns[i].row_offsets[p->rows] : p->rows * s->size;
    }
}

static est_status parse_row(est__example_parser *p, est__bytes record, const where *w)
{
    memset(p->found, 0, p->count * sizeof *p->found);
    EST_TRY(each_entry(record, w, note_feature, p));
    for (size_t i = 0; i < p->count; i++) {
        est__feature_column *c = &p->columns[i];
        est_status st = parse_feature(&p->specs[i], p->found[i], c);
        if (st == EST_OK && p->specs[i].variable) {
            st = est__grow(&c->row_offsets, &c->offset_capacity, p->rows + 2, sizeof *c->row_offsets);
            if (st == EST_OK)
                c->row_offsets[p->rows + 1] = (int64_t)c->count;
        }
        if (st != EST_OK)
            return est__fail_in(st, "%s: record %lld: feature '%s'", w->file, (long long)w->number,
                                p->specs[i].name);
    }
    return EST_OK;
}

est_status est__example_parse(est__example_parser *p, est__bytes record, const char *file, int64_t number)
{
    est_status st = parse_row(p, record, &(where){ file, number });
    if (st == EST_OK)
        p->rows++;
    else
        forget_row(p);
    return st;
}

void est__example_clear(est__example_parser *p)
{
    p->rows = 0;
    forget_row(p);
}

size_t est__example_rows(const est__example_parser *p)
{
    return p->rows;
}

const est__feature_column *est__example_column(const est__example_parser *p, size_t feature)
{
    return &p->columns[feature];
}

static est_status copy_defaults(est__arena *a, est__feature_spec *s)
{
    size_t size = element_size(s->dtype);
    if (!s->default_values || s->variable) {
        s->default_values = NULL;
        return EST_OK;
    }
    if (s->default_count != 1 && s->default_count != s->size)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s' has %zu default values for %zu elements",
                         s->name, s->default_count, s->size);
    void *copy = est__arena_alloc(a, s->default_count * size + 1);
    if (!copy)
        return est__fail_memory(s->default_count * size);
    memcpy(copy, s->default_values, s->default_count * size);
    est__bytes *strings = s->dtype == EST_STRING ? copy : NULL;
    for (size_t i = 0; strings && i < s->default_count; i++) {
        strings[i].p = (unsigned char *)est__arena_strndup(a, strings[i].n ? (const char *)strings[i].p : "",
                                                           strings[i].n);
        if (!strings[i].p)
            return est__fail_memory(strings[i].n);
    }
    s->default_values = copy;
    return EST_OK;
}

static est_status copy_spec(est__example_parser *p, const est__feature_spec *from, size_t i)
{
    est__feature_spec *s = &p->specs[i];
    size_t n = strlen(from->name);
    *s = *from;
    if (s->dtype != EST_FLOAT && s->dtype != EST_INT64 && s->dtype != EST_STRING)
        return est__fail(EST_INVALID_ARGUMENT,
                         "feature '%s' is %s; an Example holds float32, int64 and string", from->name,
                         est_dtype_name(s->dtype));
    if (est__map_get(p->by_name, from->name, n))
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s' is wanted twice", from->name);
    EST_TRY(est__map_put(p->by_name, from->name, n, (void *)(uintptr_t)(i + 1)));
    s->name = est__arena_strdup(&p->arena, from->name);
    if (!s->name)
        return est__fail_memory(n);
    if (s->variable) {
        est__feature_column *c = &p->columns[i];
        EST_TRY(est__grow(&c->row_offsets, &c->offset_capacity, 1, sizeof *c->row_offsets));
        c->row_offsets[0] = 0;
    }
    return copy_defaults(&p->arena, s);
}

est_status est__example_parser_new(const est__feature_spec *specs, size_t count, est__example_parser **out)
{
    est__example_parser *p = *out = est__calloc(1, sizeof *p);
    if (!p)
        return est__fail_memory(sizeof *p);
    p->specs = est__calloc(count, sizeof *p->specs);
    p->columns = est__calloc(count, sizeof *p->columns);
    p->found = est__calloc(count, sizeof *p->found);
    p->by_name = est__map_new();
    bool there = p->specs && p->columns && p->found && p->by_name;
    est_status st = there ? EST_OK : est__fail_memory(count * sizeof *specs);
    p->count = st == EST_OK ? count : 0;
    for (size_t i = 0; st == EST_OK && i < count; i++)
        st = copy_spec(p, &specs[i], i);
    if (st != EST_OK) {
        est__example_parser_free(p);
        *out = NULL;
    }
    return st;
}

void est__example_parser_free(est__example_parser *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->count; i++) {
        est__free(p->columns[i].values);
        est__free(p->columns[i].row_offsets);
    }
    est__free(p->specs);
    est__free(p->columns);
    est__free(p->found);
    est__map_free(p->by_name);
    est__arena_free(&p->arena);
    est__free(p);
}

/* ---- listing ---- */

struct listing {
    est_status (*feature)(void *user, const est__example_feature *f);
    void *user;
    const where *where;
};

static est_status list_feature(void *user, est__bytes key, est__bytes feature)
{
    const struct listing *l = user;
    est__example_feature f = { .name = key };
    est__feature_column values = { 0 };
    est__bytes list;
    est_status st = est__wire_list(feature, &f.dtype, &list) ? EST_OK : bad_list();
    if (st == EST_OK && f.dtype != EST_INVALID)
        st = read_list(f.dtype, list, &values);
    f.count = values.count;
    est__free(values.values);
    if (st != EST_OK)
        return est__fail_in(st, "%s: record %lld: feature '%.*s'", l->where->file,
                            (long long)l->where->number, (int)key.n, (const char *)key.p);
    return l->feature(l->user, &f);
}

est_status est__example_list(est__bytes record, const char *file, int64_t number,
                             est_status (*feature)(void *user, const est__example_feature *f), void *user)
{
    const where w = { file, number };
    return each_entry(record, &w, list_feature, &(struct listing){ feature, user, &w });
}

/* ---- writing ---- */

static size_t varint_size(uint64_t v)
{
    size_t n = 1;
    for (; v >= 0x80; v >>= 7)
        n++;
    return n;
}

static void put_message(est__buffer *out, unsigned number, const est__buffer *body)
{
    est__buffer_varint(out, number << 3 | EST__WIRE_BYTES);
    est__buffer_varint(out, body->size);
    est__buffer_bytes(out, body->data, body->size);
}

/* The values [begin, end) of a column as the list of a Feature. */
static void put_list(est__buffer *out, est_dtype dtype, const void *values, size_t begin, size_t end)
{
    size_t packed = 0;
    if (begin == end)
        return;
    if (dtype == EST_STRING) {
        for (const est__bytes *s = (const est__bytes *)values + begin; begin < end; begin++, s++) {
            est__buffer_varint(out, 1 << 3 | EST__WIRE_BYTES);
            est__buffer_varint(out, s->n);
            est__buffer_bytes(out, s->p, s->n);
        }
        return;
    }
    for (size_t i = begin; i < end; i++)
        packed += dtype == EST_FLOAT ? 4 : varint_size((uint64_t)((const int64_t *)values)[i]);
    est__buffer_varint(out, 1 << 3 | EST__WIRE_BYTES);
    est__buffer_varint(out, packed);
    for (size_t i = begin; i < end; i++) {
        uint32_t bits;
        if (dtype == EST_INT64) {
            est__buffer_varint(out, (uint64_t)((const int64_t *)values)[i]);
            continue;
        }
        memcpy(&bits, (const float *)values + i, sizeof bits);
        est__buffer_u32le(out, bits);
    }
}

est_status est__example_write(est__buffer *out, const est__feature_spec *specs,
                              const est__feature_column *columns, size_t count, size_t row)
{
    /* inner to outer: list, Feature, entry, Features */
    est__buffer list = { 0 }, feature = { 0 }, entry = { 0 }, features = { 0 };
    bool failed = false;
    for (size_t i = 0; i < count && !failed; i++) {
        const est__feature_spec *s = &specs[i];
        const int64_t *offsets = columns[i].row_offsets;
        size_t begin = s->variable ? (size_t)offsets[row] : row * s->size;
        size_t end = s->variable ? (size_t)offsets[row + 1] : begin + s->size;
        est__buffer_clear(&list);
        est__buffer_clear(&feature);
        est__buffer_clear(&entry);
        put_list(&list, s->dtype, columns[i].values, begin, end);
        if (begin < end || !s->variable) /* no values: a Feature without a kind, which stands for an absent one */
            put_message(&feature, s->dtype == EST_STRING ? 1 : s->dtype == EST_FLOAT ? 2 : 3, &list);
        put_message(&entry, 1, &(est__buffer){ .data = (char *)(uintptr_t)s->name, .size = strlen(s->name) });
        put_message(&entry, 2, &feature);
        put_message(&features, 1, &entry);
        failed = list.status || feature.status || entry.status || features.status;
    }
    put_message(out, 1, &features);
    failed = failed || out->status;
    est__buffer_free(&list);
    est__buffer_free(&feature);
    est__buffer_free(&entry);
    est__buffer_free(&features);
    return failed ? est__fail_memory(out->size) : EST_OK;
}
