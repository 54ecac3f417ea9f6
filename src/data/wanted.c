/* Which features are taken of each record, where they go, and what stands for those that are missing. */
#include "data/wanted.h"

static bool listed(est_strings list, const char *name)
{
    for (size_t i = 0; i < list.count; i++)
        if (!strcmp(list.data[i], name))
            return true;
    return false;
}

uint64_t est__selection_fingerprint(const void *selection)
{
    const est__selection *s = selection;
    uint64_t hash = (uint64_t)s->count;
    for (int i = 0; i < s->count; i++)
        hash = est__fingerprint_cat64(hash, est__fingerprint64(s->wanted[i].name, s->wanted[i].length) + s->wanted[i].sequence +
                                            (s->wanted[i].sequence ? (uint64_t)s->wanted[i].each : 0));
    return hash;
}

static est_status copy_default(est__arena *a, const est_tensor *from, const est_tensor **out)
{
    size_t n = (size_t)est_shape_elements(&from->shape), text = from->dtype == EST_STRING;
    est_tensor *t = est__arena_alloc(a, sizeof *t);
    size_t size = text ? (n + 1) * sizeof(int64_t) : n * est_dtype_size(from->dtype);
    void *data = est__arena_alloc(a, size + 1);
    if (!t || !data)
        return est__fail_memory(size);
    *t = *from;
    memcpy(data, from->data, size);
    t->data = data;
    if (text) {
        const int64_t *offsets = from->data;
        t->bytes = est__arena_strndup(a, from->bytes ? from->bytes : "", from->bytes ? (size_t)offsets[n] : 0);
        if (!t->bytes)
            return est__fail_memory((size_t)offsets[n]);
    }
    *out = t;
    return EST_OK;
}

static est_status want(est__selection *s, est__arena *a, const est_feature *f, bool sequence, int column, int64_t element)
{
    est__wanted *w = &s->wanted[s->count++];
    if (f->dtype != EST_FLOAT && f->dtype != EST_INT64 && f->dtype != EST_STRING)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s' is %s: records hold float32, int64 and string", f->name,
                         est_dtype_name(f->dtype));
    *w = (est__wanted){ .name = est__arena_strdup(a, f->name), .length = strlen(f->name), .dtype = f->dtype, .sequence = sequence,
                        .each = f->variable_length ? -1 : est_shape_elements(&f->shape), .starts = -1, .column = column,
                        .element = element,
                        .count = f->variable_length || sequence ? -1 : est_shape_elements(&f->shape) };
    if (!w->name)
        return est__fail_memory(w->length);
    return f->default_value && w->count >= 0 ? copy_default(a, f->default_value, &w->default_value) : EST_OK;
}

/* Several labels become one feature [n], named after them all. */
static est_status join_labels(est__selection *s, est__arena *a, est_features_spec features, est_strings label, est_feature *out)
{
    const char *name = NULL;
    *out = (est_feature){ .shape = est_shape_of(1, (int64_t[]){ (int64_t)label.count }) };
    for (size_t i = 0; i < label.count; i++) {
        const est_feature *f = NULL;
        for (size_t k = 0; k < features.count; k++)
            if (!strcmp(features.data[k].name, label.data[i]))
                f = &features.data[k];
        if (i == 0)
            out->dtype = f->dtype;
        if (f->dtype != out->dtype || f->dtype == EST_STRING || f->variable_length || est_shape_elements(&f->shape) != 1)
            return est__fail(EST_INVALID_ARGUMENT, "labels that are joined are numbers of one type, one of each; '%s' is not",
                             f->name);
        EST_TRY(want(s, a, f, false, (int)s->features.count, (int64_t)i));
        name = name ? est__arena_printf(a, "%s,%s", name, f->name) : est__arena_strdup(a, f->name);
        if (!name)
            return est__fail_memory(strlen(f->name));
    }
    out->name = name;
    return EST_OK;
}

/* Frames of any length: a feature says where they begin. */
static est_status add_starts(est__selection *s, est__arena *a, est_feature *of)
{
    of->row_starts = est__arena_printf(a, "%s/row_starts", of->name);
    if (!of->row_starts)
        return est__fail_memory(strlen(of->name));
    s->wanted[s->count - 1].starts = (int)s->features.count++;
    of[1] = (est_feature){ .name = of->row_starts, .dtype = EST_INT64, .variable_length = true };
    return EST_OK;
}

static est_status check(est_features_spec features, est_features_spec sequence, est_strings label)
{
    if (!features.count && !sequence.count)
        return est__fail(EST_INVALID_ARGUMENT, "features are needed: what is read of each record, and as what");
    for (size_t i = 0; i < features.count; i++)
        EST_TRY(est__feature_check(&features.data[i], i));
    for (size_t i = 0; i < sequence.count; i++)
        EST_TRY(est__feature_check(&sequence.data[i], i));
    for (size_t i = 0; i < label.count; i++) {
        size_t k = 0;
        while (k < features.count && strcmp(features.data[k].name, label.data[i]) != 0)
            k++;
        if (k == features.count)
            return est__fail(EST_INVALID_ARGUMENT, "the label '%s' is not among the features", label.data[i]);
    }
    return EST_OK;
}

est_status est__select(est_features_spec features, est_features_spec sequence, est_strings label, bool with_label,
                       est__arena *arena, est__selection *s)
{
    EST_TRY(check(features, sequence, label));
    size_t most = features.count + 2 * sequence.count + 1;
    est_feature *all = est__arena_alloc(arena, most * sizeof *all);
    *s = (est__selection){ .wanted = est__arena_alloc(arena, most * sizeof *s->wanted), .features = { all, 0 }, .label = -1 };
    if (!all || !s->wanted)
        return est__fail_memory(most * sizeof *all);
    for (size_t i = 0; i < features.count + sequence.count; i++) {
        bool of_sequence = i >= features.count;
        const est_feature *f = of_sequence ? &sequence.data[i - features.count] : &features.data[i];
        bool is_label = !of_sequence && listed(label, f->name);
        if (is_label && (!with_label || label.count > 1))
            continue;
        if (is_label)
            s->label = (int)s->features.count;
        EST_TRY(want(s, arena, f, of_sequence, (int)s->features.count, 0));
        all[s->features.count] = *f;
        all[s->features.count++].variable_length |= of_sequence;
        if (of_sequence && f->variable_length)
            EST_TRY(add_starts(s, arena, &all[s->features.count - 1]));
    }
    if (with_label && label.count > 1) {
        s->label = (int)s->features.count;
        EST_TRY(join_labels(s, arena, features, label, &all[s->features.count]));
        s->features.count++;
    }
    return s->count ? EST_OK : est__fail(EST_INVALID_ARGUMENT, "only labels are read, and the data hold none");
}

est_status est__sink_default(est__sink *s, const est__wanted *w)
{
    const est_tensor *t = w->default_value;
    if (s->count < 0)
        return EST_OK;
    if (!t)
        return est__fail(EST_INVALID_ARGUMENT, "it is missing and has no default value");
    bool one = est_shape_elements(&t->shape) == 1;
    for (int64_t i = 0; i < s->count; i++) {
        int64_t k = one ? 0 : i;
        size_t n;
        if (w->dtype == EST_STRING) {
            const char *text = est_tensor_string(t, k, &n);
            EST_TRY(est__sink_text(s, text, n, false));
        } else if (w->dtype == EST_FLOAT) {
            EST_TRY(est__sink_float(s, ((const float *)t->data)[k]));
        } else {
            EST_TRY(est__sink_int(s, ((const int64_t *)t->data)[k]));
        }
    }
    return EST_OK;
}

est_status est__sink_count_failed(const est__sink *s)
{
    return est__fail(EST_INVALID_ARGUMENT, "%lld value%s, %lld %s wanted", (long long)s->n, s->n == 1 ? "" : "s",
                     (long long)s->count, s->count == 1 ? "is" : "are");
}
