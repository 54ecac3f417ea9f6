/* tf.Example and tf.SequenceExample into the columns of a table: one pass finds the wanted features, one writes their values.
 * The order of the features seldom changes from record to record, so that the next name is guessed before it is looked up. */
#include "data/tfrecord.h"
#include "formats/wire.h"

struct est__example_reader {
    const est__selection *selection;
    est__map *context, *lists;   /* name -> index + 1 */
    est__bytes *found;           /* of each wanted feature, in the record at hand; p NULL: absent */
    int *after;                  /* which one followed it in the last record */
};

est_status est__example_reader_new(const est__selection *s, est__example_reader **out)
{
    est__example_reader *r = est__calloc(1, sizeof *r);
    est_status st = r ? EST_OK : est__fail_memory(sizeof *r);
    if (r) {
        r->selection = s;
        r->context = est__map_new();
        r->lists = est__map_new();
        r->found = est__calloc((size_t)s->count, sizeof *r->found);
        r->after = est__calloc((size_t)s->count + 1, sizeof *r->after);
        if (!r->context || !r->lists || !r->found || !r->after)
            st = est__fail_memory((size_t)s->count * sizeof *r->found);
    }
    for (int i = 0; st == EST_OK && i < s->count; i++) {
        const est__wanted *w = &s->wanted[i];
        st = est__map_put(w->sequence ? r->lists : r->context, w->name, w->length, (void *)(uintptr_t)(i + 1));
    }
    if (st != EST_OK) {
        est__example_reader_free(r);
        r = NULL;
    }
    *out = r;
    return st;
}

void est__example_reader_free(est__example_reader *r)
{
    if (!r)
        return;
    est__map_free(r->context);
    est__map_free(r->lists);
    est__free(r->found);
    est__free(r->after);
    est__free(r);
}

/* ---- where the features lie ---- */

static bool is_named(const est__wanted *w, est__bytes key)
{
    return w->length == key.n && !memcmp(w->name, key.p, key.n);
}

/* A map from names to Features or FeatureLists; of a name that stands twice, the last counts. */
static bool find_in(est__example_reader *r, est__bytes message, const est__map *names, bool sequence)
{
    const est__selection *s = r->selection;
    est__bytes entry, key, value;
    int last = s->count;
    for (;;) {
        if (!est__wire_message(&message, 1, &entry))
            return false;
        if (!entry.p)
            return true;
        if (!est__wire_entry(entry, &key, &value))
            return false;
        int at = r->after[last];
        if (s->wanted[at].sequence != sequence || !is_named(&s->wanted[at], key)) {
            at = (int)(uintptr_t)est__map_get(names, (const char *)key.p, key.n) - 1;
            if (at < 0)
                continue;
            r->after[last] = at;
        }
        r->found[at] = value;
        last = at;
    }
}

static bool find_features(est__example_reader *r, est__bytes record)
{
    unsigned number, kind;
    est__bytes body;
    memset(r->found, 0, (size_t)r->selection->count * sizeof *r->found);
    while (record.n) {
        if (!est__wire_field(&record, &number, &kind, &body))
            return false;
        if (number > 2)
            continue;
        if (kind != EST__WIRE_BYTES)
            return false;
        if (number == 1 && !find_in(r, body, r->context, false))
            return false;
        if (number == 2 && est__map_size(r->lists) && !find_in(r, body, r->lists, true))
            return false;
    }
    return true;
}

bool est__example_has(est__bytes record, const char *name)
{
    est__bytes features, entry, key, value;
    while (est__wire_message(&record, 1, &features) && features.p)
        while (est__wire_message(&features, 1, &entry) && entry.p && est__wire_entry(entry, &key, &value))
            if (key.n == strlen(name) && !memcmp(key.p, name, key.n))
                return true;
    return false;
}

/* ---- values ---- */

static est_status bad_list(void)
{
    return est__fail(EST_DATA_LOSS, "its list is damaged");
}

static est_status put_floats(est__sink *s, est__bytes packed)
{
    int64_t n = (int64_t)(packed.n / 4);
    bool keep;
    EST_TRY(est__sink_room(s, n, &keep));
    float *to = (float *)s->column->data + s->at + s->n;
    s->n += n;
    if (!keep)
        return EST_OK;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (n)
        memcpy(to, packed.p, packed.n);
#else
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits = est__u32le(packed.p + 4 * i);
        memcpy(to + i, &bits, 4);
    }
#endif
    return EST_OK;
}

static est_status put_ints(est__sink *s, est__bytes packed)
{
    uint64_t v;
    while (packed.n) {
        if (!est__wire_varint(&packed, &v))
            return bad_list();
        EST_TRY(est__sink_int(s, (int64_t)v));
    }
    return EST_OK;
}

static est_status put_list(est__sink *s, est_dtype dtype, est__bytes list)
{
    est__bytes body;
    while (est__wire_values(&list, dtype, &body)) {
        if (!body.p)
            return EST_OK;
        if (dtype == EST_STRING)
            EST_TRY(est__sink_text(s, (const char *)body.p, body.n, true));
        else if (dtype == EST_FLOAT)
            EST_TRY(put_floats(s, body));
        else
            EST_TRY(put_ints(s, body));
    }
    return bad_list();
}

/* *some: the Feature has a list. */
static est_status put_feature(est__sink *s, const est__wanted *w, est__bytes feature, bool *some)
{
    est_dtype dtype;
    est__bytes list;
    if (!est__wire_list(feature, &dtype, &list))
        return bad_list();
    *some = dtype != EST_INVALID;
    if (*some && dtype != w->dtype)
        return est__fail(EST_INVALID_ARGUMENT, "its values are %s, %s is wanted", est_dtype_name(dtype), est_dtype_name(w->dtype));
    return *some ? put_list(s, dtype, list) : EST_OK;
}

static est_status put_frame(est__sink *s, est__sink *starts, const est__wanted *w, est__bytes feature)
{
    int64_t start = s->n;
    bool some;
    if (starts)
        EST_TRY(est__sink_int(starts, start));
    EST_TRY(put_feature(s, w, feature, &some));
    if (w->each >= 0 && s->n - start != w->each)
        return est__fail(EST_INVALID_ARGUMENT, "%lld values, %lld are wanted", (long long)(s->n - start), (long long)w->each);
    return EST_OK;
}

/* The values of all frames, one after the other; `starts`: where each begins, NULL: not asked for. */
static est_status put_frames(est__sink *s, est__sink *starts, const est__wanted *w, est__bytes frames)
{
    est__bytes feature;
    for (int64_t frame = 0; est__wire_message(&frames, 1, &feature); frame++) {
        if (!feature.p)
            return EST_OK;
        est_status st = put_frame(s, starts, w, feature);
        if (st != EST_OK)
            return est__fail_in(st, "frame %lld", (long long)frame);
    }
    return bad_list();
}

static est_status put_sequence(est__table *t, const est__wanted *w, est__bytes found)
{
    est__sink s = est__sink_of(t, w), starts = { .count = -1 };
    bool wanted = w->starts >= 0;
    if (wanted) {
        starts.column = &t->column[w->starts];
        starts.at = est__column_at(starts.column, t->rows);
    }
    if (found.p)
        EST_TRY(put_frames(&s, wanted ? &starts : NULL, w, found));
    if (wanted)
        EST_TRY(est__sink_end(&starts, t));
    return est__sink_end(&s, t);
}

static est_status put_wanted(est__table *t, const est__wanted *w, est__bytes found)
{
    est__sink s = est__sink_of(t, w);
    bool some = false;
    if (found.p)
        EST_TRY(put_feature(&s, w, found, &some));
    if (!some)
        EST_TRY(est__sink_default(&s, w));
    return est__sink_end(&s, t);
}

est_status est__example_read(est__example_reader *r, est__bytes record, est__table *t)
{
    const est__selection *s = r->selection;
    if (!find_features(r, record))
        return est__fail(EST_DATA_LOSS, "not a tf.%s, or a damaged one", est__map_size(r->lists) ? "SequenceExample" : "Example");
    for (int i = 0; i < s->count; i++) {
        const est__wanted *w = &s->wanted[i];
        est_status st = w->sequence ? put_sequence(t, w, r->found[i]) : put_wanted(t, w, r->found[i]);
        if (st != EST_OK)
            return est__fail_in(st, "feature '%s'", s->wanted[i].name);
    }
    return EST_OK;
}
