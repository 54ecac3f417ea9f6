/* Summaries as TensorBoard's plugins read them: a value, and in its metadata the plugin's name and message. */
#include "formats/summary.h"

#include <math.h>

#include "formats/event_writer.h"
#include "formats/png.h"
#include "proto/pack.h"
#include "proto/plugin_data.pb-c.h"
#include "tensor/tensor.h"

static char *text(const char *s)
{
    return (char *)(uintptr_t)s;
}

/* ---- a tensor under a plugin ---- */

/* What a value points to. */
typedef struct plugged {
    Tensorflow__Summary__Value value;
    Tensorflow__SummaryMetadata metadata;
    Tensorflow__SummaryMetadata__PluginData plugin;
    Tensorflow__TensorProto tensor;
    Tensorflow__TensorShapeProto shape;
    Tensorflow__TensorShapeProto__Dim dims[EST_MAX_RANK], *dim[EST_MAX_RANK];
    est__buffer content;
} plugged;

static est_status plug(plugged *p, const char *tag, const char *plugin, const void *content)
{
    memset(p, 0, sizeof *p);
    tensorflow__summary__value__init(&p->value);
    tensorflow__summary_metadata__init(&p->metadata);
    tensorflow__summary_metadata__plugin_data__init(&p->plugin);
    tensorflow__tensor_proto__init(&p->tensor);
    tensorflow__tensor_shape_proto__init(&p->shape);
    EST_TRY(est__proto_pack(content, &p->content));
    p->plugin.plugin_name = text(plugin);
    p->plugin.content = (ProtobufCBinaryData){ p->content.size, (uint8_t *)p->content.data };
    p->metadata.plugin_data = &p->plugin;
    p->value.tag = text(tag);
    p->value.metadata = &p->metadata;
    p->value.value_case = TENSORFLOW__SUMMARY__VALUE__VALUE_TENSOR;
    p->value.tensor = &p->tensor;
    p->tensor.tensor_shape = &p->shape;
    return EST_OK;
}

static void set_shape(plugged *p, int rank, const int64_t *dims)
{
    for (int i = 0; i < rank; i++) {
        tensorflow__tensor_shape_proto__dim__init(&p->dims[i]);
        p->dims[i].size = dims[i];
        p->dim[i] = &p->dims[i];
    }
    p->shape.n_dim = (size_t)rank;
    p->shape.dim = p->dim;
}

static est_status put(est__event_writer *w, int64_t step, plugged *p)
{
    return est__event_values(w, step, &(Tensorflow__Summary__Value *){ &p->value }, 1);
}

/* `count` strings, of that shape. */
static est_status put_strings(est__event_writer *w, int64_t step, plugged *p, const est__bytes *strings, size_t count, int rank,
                              const int64_t *dims)
{
    ProtobufCBinaryData *list = est__malloc((count + 1) * sizeof *list);
    if (list == NULL)
        return est__fail_memory(count * sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i] = (ProtobufCBinaryData){ strings[i].n, (uint8_t *)(uintptr_t)strings[i].p };
    p->tensor.dtype = TENSORFLOW__DATA_TYPE__DT_STRING;
    p->tensor.n_string_val = count;
    p->tensor.string_val = list;
    set_shape(p, rank, dims);
    est_status st = put(w, step, p);
    est__free(list);
    return st;
}

/* ---- images ---- */

/* The byte of a number in [0, 1]: 255 and a half of it, cut off (tf.image.convert_image_dtype). */
static unsigned char byte_of(double v)
{
    v *= 255.5;
    return (unsigned char)(v >= 255 ? 255 : v > 0 ? v : 0);
}

/* What number i becomes under version 1: the largest is 255 where none is negative; else 0 is 128, and the farthest from it 1 or 255. */
typedef struct stretch {
    double scale, offset;
} stretch;

static stretch stretch_of(const est_tensor *t, int64_t first, int64_t n)
{
    double low = 0, high = 0;
    for (int64_t i = first; i < first + n; i++) {
        double v = est__tensor_get(t, i);
        if (isfinite(v)) {
            low = v < low ? v : low;
            high = v > high ? v : high;
        }
    }
    double largest = -low > high ? -low : high;
    if (low >= 0)
        return (stretch){ high > 0 ? 255 / high : 0, 0 };
    return (stretch){ 127 / largest, 128 };
}

static void fill_pixels(const est_tensor *t, int64_t first, int64_t n, est__summary_style style, unsigned char *pixels)
{
    stretch s = style != EST__SUMMARY_V2 && t->dtype != EST_UINT8 ? stretch_of(t, first, n) : (stretch){ 0 };
    for (int64_t i = 0; i < n; i++) {
        double v = est__tensor_get(t, first + i);
        if (t->dtype == EST_UINT8)
            pixels[i] = (unsigned char)v;
        else if (style == EST__SUMMARY_V2)
            pixels[i] = byte_of(v);
        else
            pixels[i] = isfinite(v) ? (unsigned char)(v * s.scale + s.offset) : (unsigned char)255;
    }
}

static est_status encode_image(const est_tensor *images, int64_t index, est__summary_style style, est__buffer *out)
{
    const int64_t *d = images->shape.dim;
    int64_t n = d[1] * d[2] * d[3];
    unsigned char *pixels = est__malloc((size_t)n + 1);
    if (pixels == NULL)
        return est__fail_memory((size_t)n);
    fill_pixels(images, index * n, n, style, pixels);
    est_status st = est__png(pixels, d[1], d[2], (int)d[3], out);
    est__free(pixels);
    return st;
}

static void tag_of_one(est__buffer *out, const char *tag, const char *what, int64_t index, int64_t max_outputs, est__summary_style style)
{
    est__buffer_printf(out, "%s", tag);
    if (style == EST__SUMMARY_V1)
        est__buffer_printf(out, "/%s", what);
    if (max_outputs > 1 || style == EST__SUMMARY_EVALUATED)
        est__buffer_printf(out, "/%lld", (long long)index);
}

static est_status put_image_v1(est__event_writer *w, int64_t step, const char *tag, const est_tensor *images, const est__buffer *png)
{
    Tensorflow__Summary__Image image = TENSORFLOW__SUMMARY__IMAGE__INIT;
    Tensorflow__Summary__Value value = TENSORFLOW__SUMMARY__VALUE__INIT;
    image.height = (int32_t)images->shape.dim[1];
    image.width = (int32_t)images->shape.dim[2];
    image.colorspace = (int32_t)images->shape.dim[3];
    image.encoded_image_string = (ProtobufCBinaryData){ png->size, (uint8_t *)png->data };
    value.tag = text(tag);
    value.value_case = TENSORFLOW__SUMMARY__VALUE__VALUE_IMAGE;
    value.image = &image;
    return est__event_values(w, step, &(Tensorflow__Summary__Value *){ &value }, 1);
}

/* Images one behind the other: width and height in decimals, then each as PNG. */
static est_status put_images_v2(est__event_writer *w, int64_t step, const char *tag, const est_tensor *images, const est__buffer *png,
                                size_t count)
{
    Tensorboard__ImagePluginData data = TENSORBOARD__IMAGE_PLUGIN_DATA__INIT;
    plugged p;
    char size[2][24];
    est__bytes *strings = est__malloc((count + 2) * sizeof *strings);
    est_status st = strings ? plug(&p, tag, "images", &data) : est__fail_memory(count);
    for (int i = 0; i < 2 && st == EST_OK; i++) {
        int n = snprintf(size[i], sizeof size[i], "%lld", (long long)images->shape.dim[2 - i]);
        strings[i] = (est__bytes){ (const unsigned char *)size[i], (size_t)n };
    }
    for (size_t i = 0; i < count && st == EST_OK; i++)
        strings[2 + i] = (est__bytes){ (const unsigned char *)png[i].data, png[i].size };
    if (st == EST_OK)
        st = put_strings(w, step, &p, strings, count + 2, 1, &(int64_t){ (int64_t)count + 2 });
    if (strings)
        est__buffer_free(&p.content);
    est__free(strings);
    return st;
}

/* The first ones, each encoded; `out` is an array for the caller to free, also after a failure. */
static est_status encode_images(const est_tensor *images, size_t count, est__summary_style style, est__buffer **out)
{
    *out = est__calloc(count + 1, sizeof **out);
    if (*out == NULL)
        return est__fail_memory(count * sizeof **out);
    for (size_t i = 0; i < count; i++)
        EST_TRY(encode_image(images, (int64_t)i, style, &(*out)[i]));
    return EST_OK;
}

est_status est__event_images(est__event_writer *w, int64_t step, const char *tag, const est_tensor *images, int64_t max_outputs,
                             est__summary_style style)
{
    char shape[EST__SHAPE_TEXT_SIZE];
    est__buffer *png = NULL, name = { 0 };
    if (images->shape.rank != 4 || !(images->dtype == EST_UINT8 || est__dtype_is_float(images->dtype)))
        return est__fail(EST_INVALID_ARGUMENT, "summary '%s': images are [k, height, width, channels] of floats or uint8, not %s %s", tag,
                         est_dtype_name(images->dtype), est__shape_string(shape, &images->shape));
    size_t count = (size_t)(images->shape.dim[0] < max_outputs ? images->shape.dim[0] : max_outputs);
    est_status st = encode_images(images, count, style, &png);
    if (st == EST_OK && style == EST__SUMMARY_V2)
        st = put_images_v2(w, step, tag, images, png, count);
    for (size_t i = 0; i < count && st == EST_OK && style != EST__SUMMARY_V2; i++) {
        est__buffer_clear(&name);
        tag_of_one(&name, tag, "image", (int64_t)i, max_outputs, style);
        st = name.status == EST_OK ? put_image_v1(w, step, name.data, images, &png[i]) : name.status;
    }
    for (size_t i = 0; png && i < count; i++)
        est__buffer_free(&png[i]);
    est__free(png);
    est__buffer_free(&name);
    return st;
}

/* ---- sounds ---- */

static est_status put_sound_v1(est__event_writer *w, int64_t step, const char *tag, int64_t frames, int channels, double rate,
                               const est__buffer *wav)
{
    Tensorflow__Summary__Audio audio = TENSORFLOW__SUMMARY__AUDIO__INIT;
    Tensorflow__Summary__Value value = TENSORFLOW__SUMMARY__VALUE__INIT;
    audio.sample_rate = (float)rate;
    audio.num_channels = channels;
    audio.length_frames = frames;
    audio.encoded_audio_string = (ProtobufCBinaryData){ wav->size, (uint8_t *)wav->data };
    audio.content_type = text("audio/wav");
    value.tag = text(tag);
    value.value_case = TENSORFLOW__SUMMARY__VALUE__VALUE_AUDIO;
    value.audio = &audio;
    return est__event_values(w, step, &(Tensorflow__Summary__Value *){ &value }, 1);
}

/* [k, 2]: the sound, and a label, which is empty. */
static est_status put_sounds_v2(est__event_writer *w, int64_t step, const char *tag, const est__buffer *wav, size_t count)
{
    Tensorboard__AudioPluginData data = TENSORBOARD__AUDIO_PLUGIN_DATA__INIT;
    plugged p = { 0 };
    data.encoding = TENSORBOARD__AUDIO_PLUGIN_DATA__ENCODING__WAV;
    est__bytes *strings = est__calloc(2 * count + 1, sizeof *strings);
    est_status st = strings ? plug(&p, tag, "audio", &data) : est__fail_memory(count);
    for (size_t i = 0; i < count && st == EST_OK; i++)
        strings[2 * i] = (est__bytes){ (const unsigned char *)wav[i].data, wav[i].size };
    if (st == EST_OK)
        st = put_strings(w, step, &p, strings, 2 * count, 2, (int64_t[]){ (int64_t)count, 2 });
    est__buffer_free(&p.content);
    est__free(strings);
    return st;
}

est_status est__event_sounds(est__event_writer *w, int64_t step, const char *tag, const est_tensor *sounds, double sample_rate,
                             int64_t max_outputs, est__summary_style style)
{
    char shape[EST__SHAPE_TEXT_SIZE];
    const est_shape *s = &sounds->shape;
    if ((s->rank != 2 && s->rank != 3) || sounds->dtype != EST_FLOAT || !(sample_rate >= 1 && sample_rate < 1e9))
        return est__fail(EST_INVALID_ARGUMENT, "summary '%s': sounds are [k, frames, channels] of float32 at 1 a second or more, not %s %s at %g",
                         tag, est_dtype_name(sounds->dtype), est__shape_string(shape, s), sample_rate);
    int channels = s->rank == 3 ? (int)s->dim[2] : 1;
    size_t count = (size_t)(s->dim[0] < max_outputs ? s->dim[0] : max_outputs);
    est__buffer *wav = est__calloc(count + 1, sizeof *wav), name = { 0 };
    est_status st = wav ? EST_OK : est__fail_memory(count * sizeof *wav);
    for (size_t i = 0; i < count && st == EST_OK; i++)
        st = est__wav((const float *)sounds->data + (int64_t)i * s->dim[1] * channels, s->dim[1], channels, (uint32_t)sample_rate, &wav[i]);
    if (st == EST_OK && style == EST__SUMMARY_V2)
        st = put_sounds_v2(w, step, tag, wav, count);
    for (size_t i = 0; i < count && st == EST_OK && style != EST__SUMMARY_V2; i++) {
        est__buffer_clear(&name);
        tag_of_one(&name, tag, "audio", (int64_t)i, max_outputs, style);
        st = name.status == EST_OK ? put_sound_v1(w, step, name.data, s->dim[1], channels, sample_rate, &wav[i]) : name.status;
    }
    for (size_t i = 0; wav && i < count; i++)
        est__buffer_free(&wav[i]);
    est__free(wav);
    est__buffer_free(&name);
    return st;
}

/* ---- texts ---- */

est_status est__event_strings(est__event_writer *w, int64_t step, const char *tag, const est_tensor *strings)
{
    Tensorboard__TextPluginData data = TENSORBOARD__TEXT_PLUGIN_DATA__INIT;
    plugged p = { 0 };
    if (strings->dtype != EST_STRING)
        return est__fail(EST_INVALID_ARGUMENT, "summary '%s': a text is of strings, not %s", tag, est_dtype_name(strings->dtype));
    size_t n = (size_t)est__tensor_elements(strings);
    est__bytes *list = est__malloc((n + 1) * sizeof *list);
    est_status st = list ? plug(&p, tag, "text", &data) : est__fail_memory(n * sizeof *list);
    for (size_t i = 0; i < n && st == EST_OK; i++)
        list[i].p = (const unsigned char *)est_tensor_string(strings, (int64_t)i, &list[i].n);
    if (st == EST_OK)
        st = put_strings(w, step, &p, list, n, strings->shape.rank, strings->shape.dim);
    est__buffer_free(&p.content);
    est__free(list);
    return st;
}

/* ---- precision-recall curves ---- */

enum { TRUE_POSITIVES, FALSE_POSITIVES, TRUE_NEGATIVES, FALSE_NEGATIVES, PRECISION, RECALL, CURVES };

static est_status check_curve(const char *tag, const est_tensor *labels, const est_tensor *predictions, const est_tensor *weights,
                              int64_t num_thresholds)
{
    int64_t n = est__tensor_elements(predictions);
    if (num_thresholds < 2 || num_thresholds > 1 << 20)
        return est__fail(EST_INVALID_ARGUMENT, "summary '%s': %lld thresholds; there are 2 at least", tag, (long long)num_thresholds);
    if (est__tensor_elements(labels) != n || (weights && est__tensor_elements(weights) != n) || labels->dtype == EST_STRING ||
        predictions->dtype == EST_STRING || (weights && weights->dtype == EST_STRING))
        return est__fail(EST_INVALID_ARGUMENT, "summary '%s': labels, predictions and weights of a curve are as many numbers each", tag);
    return EST_OK;
}

est_status est__pr_curve_add(est__pr_curve *c, const char *tag, const est_tensor *labels, const est_tensor *predictions,
                             const est_tensor *weights, int64_t num_thresholds)
{
    EST_TRY(check_curve(tag, labels, predictions, weights, num_thresholds));
    if (c->between == NULL) {
        c->between = est__calloc((size_t)num_thresholds * 2, sizeof *c->between);
        c->num_thresholds = num_thresholds;
    }
    if (c->between == NULL)
        return est__fail_memory((size_t)num_thresholds * 2 * sizeof *c->between);
    for (int64_t i = 0; i < est__tensor_elements(predictions); i++) {
        double p = est__tensor_get(predictions, i), weight = weights ? est__tensor_get(weights, i) : 1;
        p = p > 0 ? p < 1 ? p : 1 : 0;
        int64_t at = (int64_t)floor((double)((float)p * (float)(c->num_thresholds - 1)));
        c->between[(est__tensor_get(labels, i) != 0 ? 0 : c->num_thresholds) + at] += weight;
    }
    return EST_OK;
}

void est__pr_curve_free(est__pr_curve *c)
{
    est__free(c->between);
    *c = (est__pr_curve){ 0 };
}

/* The weights above each threshold are sums from the last one down. */
static void count_curve(const est__pr_curve *c, float *row)
{
    int64_t n = c->num_thresholds;
    double tp = 0, fp = 0, positives = 0, negatives = 0;
    for (int64_t i = n; i-- > 0;) {
        positives += c->between[i];
        negatives += c->between[n + i];
    }
    for (int64_t i = n; i-- > 0;) {
        tp += c->between[i];
        fp += c->between[n + i];
        row[TRUE_POSITIVES * n + i] = (float)tp;
        row[FALSE_POSITIVES * n + i] = (float)fp;
        row[TRUE_NEGATIVES * n + i] = (float)(negatives - fp);
        row[FALSE_NEGATIVES * n + i] = (float)(positives - tp);
        row[PRECISION * n + i] = (float)(tp / fmax(1e-7, tp + fp));
        row[RECALL * n + i] = (float)(tp / fmax(1e-7, positives));
    }
}

est_status est__event_pr_counts(est__event_writer *w, int64_t step, const char *tag, const est__pr_curve *c)
{
    Tensorboard__PrCurvePluginData data = TENSORBOARD__PR_CURVE_PLUGIN_DATA__INIT;
    plugged p = { 0 };
    size_t n = (size_t)c->num_thresholds * CURVES;
    float *values = est__malloc(n * sizeof *values);
    data.num_thresholds = (uint32_t)c->num_thresholds;
    est_status st = values ? plug(&p, tag, "pr_curves", &data) : est__fail_memory(n * sizeof *values);
    if (st == EST_OK) {
        count_curve(c, values);
        p.tensor.dtype = TENSORFLOW__DATA_TYPE__DT_FLOAT;
        p.tensor.n_float_val = n;
        p.tensor.float_val = values;
        set_shape(&p, 2, (int64_t[]){ CURVES, c->num_thresholds });
        st = put(w, step, &p);
    }
    est__buffer_free(&p.content);
    est__free(values);
    return st;
}

est_status est__event_pr_curve(est__event_writer *w, int64_t step, const char *tag, const est_tensor *labels,
                               const est_tensor *predictions, const est_tensor *weights, int64_t num_thresholds)
{
    est__pr_curve c = { 0 };
    est_status st = est__pr_curve_add(&c, tag, labels, predictions, weights, num_thresholds);
    if (st == EST_OK)
        st = est__event_pr_counts(w, step, tag, &c);
    est__pr_curve_free(&c);
    return st;
}

/* ---- runs ---- */

est_status est__event_run_metadata(est__event_writer *w, int64_t step, const char *tag, const void *data, size_t size)
{
    Tensorboard__TaggedRunMetadata tagged = TENSORBOARD__TAGGED_RUN_METADATA__INIT;
    Tensorflow__Event e = TENSORFLOW__EVENT__INIT;
    est__buffer packed = { 0 };
    tagged.tag = text(tag);
    tagged.run_metadata = (ProtobufCBinaryData){ size, (uint8_t *)(uintptr_t)data };
    EST_TRY(est__proto_pack(&tagged, &packed));
    e.what_case = TENSORFLOW__EVENT__WHAT_TAGGED_RUN_METADATA;
    e.tagged_run_metadata = (ProtobufCBinaryData){ packed.size, (uint8_t *)packed.data };
    est_status st = est__event_add(w, &e, step);
    est__buffer_free(&packed);
    return st;
}

/* ---- hyper-parameters ---- */

/* The value itself is an empty list of floats; all stands in the metadata. */
static est_status put_hparams(est__event_writer *w, const char *tag, Tensorboard__HParamsPluginData *data)
{
    plugged p = { 0 };
    Tensorflow__Summary summary = TENSORFLOW__SUMMARY__INIT;
    Tensorflow__Event e = TENSORFLOW__EVENT__INIT;
    Tensorflow__Summary__Value *value = &p.value;
    est_status st = plug(&p, tag, "hparams", data);
    if (st == EST_OK) {
        p.tensor.dtype = TENSORFLOW__DATA_TYPE__DT_FLOAT;
        set_shape(&p, 1, &(int64_t){ 0 });
        summary.n_value = 1;
        summary.value = &value;
        e.what_case = TENSORFLOW__EVENT__WHAT_SUMMARY;
        e.summary = &summary;
        st = est__event_add_once(w, &e, 0, false);
    }
    est__buffer_free(&p.content);
    return st;
}

/* Equal hyper-parameters have equal names. */
static uint64_t fingerprint(const est__hparam *h, size_t count)
{
    uint64_t all = 0;
    for (size_t i = 0; i < count; i++) {
        all = est__fingerprint_cat64(all, est__fingerprint64(h[i].name, strlen(h[i].name)));
        all = est__fingerprint_cat64(all, h[i].text ? est__fingerprint64(h[i].text, strlen(h[i].text))
                                                    : est__fingerprint64(&h[i].number, sizeof h[i].number));
    }
    return all;
}

est_status est__event_hparams(est__event_writer *w, const est__hparam *hparams, size_t count, const char *trial)
{
    Tensorboard__HParamsPluginData data = TENSORBOARD__HPARAMS_PLUGIN_DATA__INIT;
    Tensorboard__SessionStartInfo start = TENSORBOARD__SESSION_START_INFO__INIT;
    char name[20];
    Tensorboard__SessionStartInfo__HparamsEntry *entry = est__malloc((count + 1) * sizeof *entry), **list = est__malloc((count + 1) * sizeof *list);
    Tensorboard__HParamValue *value = est__malloc((count + 1) * sizeof *value);
    est_status st = entry && list && value ? EST_OK : est__fail_memory(count * sizeof *entry);
    for (size_t i = 0; i < count && st == EST_OK; i++) {
        tensorboard__session_start_info__hparams_entry__init(&entry[i]);
        tensorboard__hparam_value__init(&value[i]);
        value[i].kind_case = hparams[i].text ? TENSORBOARD__HPARAM_VALUE__KIND_STRING_VALUE
                             : hparams[i].is_bool ? TENSORBOARD__HPARAM_VALUE__KIND_BOOL_VALUE
                                                  : TENSORBOARD__HPARAM_VALUE__KIND_NUMBER_VALUE;
        if (hparams[i].text)
            value[i].string_value = text(hparams[i].text);
        else if (hparams[i].is_bool)
            value[i].bool_value = hparams[i].number != 0;
        else
            value[i].number_value = hparams[i].number;
        entry[i].key = text(hparams[i].name);
        entry[i].value = &value[i];
        list[i] = &entry[i];
    }
    snprintf(name, sizeof name, "%016llx", (unsigned long long)fingerprint(hparams, count));
    start.hparams = list;
    start.n_hparams = count;
    start.group_name = trial ? text(trial) : name;
    start.start_time_secs = est__wall_time();
    data.session_start_info = &start;
    if (st == EST_OK)
        st = put_hparams(w, "_hparams_/session_start_info", &data);
    est__free(entry);
    est__free(list);
    est__free(value);
    return st;
}

/* ---- what an experiment looks at ---- */

static est_status set_domain(est__arena *a, const est__hparam_info *h, Tensorboard__HParamInfo *info)
{
    size_t n = h->num_texts + h->num_numbers;
    Tensorboard__HParamList *values = est__arena_alloc(a, sizeof *values);
    Tensorboard__HParamInterval *interval = est__arena_alloc(a, sizeof *interval);
    Tensorboard__HParamValue *value = est__arena_alloc(a, (n + 1) * sizeof *value), **list = est__arena_alloc(a, (n + 1) * sizeof *list);
    if (!values || !interval || !value || !list)
        return est__fail_memory(n * sizeof *value);
    if (h->low < h->high) {
        tensorboard__hparam_interval__init(interval);
        interval->min_value = h->low;
        interval->max_value = h->high;
        info->domain_case = TENSORBOARD__HPARAM_INFO__DOMAIN_DOMAIN_INTERVAL;
        info->domain_interval = interval;
    }
    for (size_t i = 0; i < n; i++) {
        tensorboard__hparam_value__init(&value[i]);
        value[i].kind_case = h->num_texts ? TENSORBOARD__HPARAM_VALUE__KIND_STRING_VALUE : TENSORBOARD__HPARAM_VALUE__KIND_NUMBER_VALUE;
        if (h->num_texts)
            value[i].string_value = text(h->texts[i]);
        else
            value[i].number_value = h->numbers[i];
        list[i] = &value[i];
    }
    if (n) {
        tensorboard__hparam_list__init(values);
        values->n_values = n;
        values->values = list;
        info->domain_case = TENSORBOARD__HPARAM_INFO__DOMAIN_DOMAIN_DISCRETE;
        info->domain_discrete = values;
    }
    return EST_OK;
}

static est_status make_infos(est__arena *a, const est__hparam_info *hparams, size_t count, Tensorboard__HParamsExperiment *out)
{
    Tensorboard__HParamInfo *info = est__arena_alloc(a, (count + 1) * sizeof *info), **list = est__arena_alloc(a, (count + 1) * sizeof *list);
    if (!info || !list)
        return est__fail_memory(count * sizeof *info);
    for (size_t i = 0; i < count; i++) {
        tensorboard__hparam_info__init(&info[i]);
        info[i].name = text(hparams[i].name);
        info[i].type = hparams[i].is_bool                                              ? TENSORBOARD__HPARAM_TYPE__DATA_TYPE_BOOL
                       : hparams[i].num_numbers || hparams[i].low < hparams[i].high ? TENSORBOARD__HPARAM_TYPE__DATA_TYPE_FLOAT64
                                                                                       : TENSORBOARD__HPARAM_TYPE__DATA_TYPE_STRING;
        list[i] = &info[i];
        EST_TRY(set_domain(a, &hparams[i], &info[i]));
    }
    out->hparam_infos = list;
    out->n_hparam_infos = count;
    return EST_OK;
}

static est_status make_metrics(est__arena *a, const est__hparam_metric *metrics, size_t count, Tensorboard__HParamsExperiment *out)
{
    Tensorboard__HParamMetric *metric = est__arena_alloc(a, (count + 1) * sizeof *metric), **list = est__arena_alloc(a, (count + 1) * sizeof *list);
    Tensorboard__HParamMetricName *name = est__arena_alloc(a, (count + 1) * sizeof *name);
    if (!metric || !list || !name)
        return est__fail_memory(count * sizeof *metric);
    for (size_t i = 0; i < count; i++) {
        tensorboard__hparam_metric__init(&metric[i]);
        tensorboard__hparam_metric_name__init(&name[i]);
        name[i].tag = text(metrics[i].tag);
        name[i].group = text(metrics[i].group ? metrics[i].group : "");
        metric[i].name = &name[i];
        metric[i].display_name = text(metrics[i].display_name ? metrics[i].display_name : "");
        list[i] = &metric[i];
    }
    out->metric_infos = list;
    out->n_metric_infos = count;
    return EST_OK;
}

est_status est__event_hparams_config(est__event_writer *w, const est__hparam_info *hparams, size_t num_hparams,
                                     const est__hparam_metric *metrics, size_t num_metrics)
{
    Tensorboard__HParamsPluginData data = TENSORBOARD__HPARAMS_PLUGIN_DATA__INIT;
    Tensorboard__HParamsExperiment experiment = TENSORBOARD__HPARAMS_EXPERIMENT__INIT;
    est__arena arena = { 0 };
    experiment.time_created_secs = est__wall_time();
    data.experiment = &experiment;
    est_status st = make_infos(&arena, hparams, num_hparams, &experiment);
    if (st == EST_OK)
        st = make_metrics(&arena, metrics, num_metrics, &experiment);
    if (st == EST_OK)
        st = put_hparams(w, "_hparams_/experiment", &data);
    est__arena_free(&arena);
    return st;
}

est_status est__event_hparams_end(est__event_writer *w, bool good)
{
    Tensorboard__HParamsPluginData data = TENSORBOARD__HPARAMS_PLUGIN_DATA__INIT;
    Tensorboard__SessionEndInfo end = TENSORBOARD__SESSION_END_INFO__INIT;
    end.status = good ? TENSORBOARD__HPARAMS_STATUS__STATUS_SUCCESS : TENSORBOARD__HPARAMS_STATUS__STATUS_FAILURE;
    end.end_time_secs = est__wall_time();
    data.session_end_info = &end;
    return put_hparams(w, "_hparams_/session_end_info", &data);
}
