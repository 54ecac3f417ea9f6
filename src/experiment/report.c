/* What a report gathers batch by batch: scores by label in bins, a confusion matrix, a sample of predictions; memory does not grow with
 * the data. */
#include "experiment/report.h"

#include <math.h>

est_status est__report_begin(est__report *r, const est_head *head)
{
    est_head_list parts = est_head_parts(head);
    size_t count = parts.count ? parts.count : 1;
    r->head = est__calloc(count, sizeof *r->head);
    if (r->head == NULL)
        return est__fail_memory(count * sizeof *r->head);
    r->num_heads = count;
    for (size_t i = 0; i < parts.count; i++)
        r->head[i].name = est_head_name(parts.data[i]);
    return EST_OK;
}

void est__report_free(est__report *r)
{
    for (size_t i = 0; i < r->num_heads; i++) {
        est__report_head *h = &r->head[i];
        est__free(h->scores);
        est__free(h->confusion);
        est__free(h->actual);
        est__free(h->predicted);
        est__quantiles_free(&h->residuals);
    }
    est__free(r->head);
    est_results_free(r->results);
    est__arena_free(&r->arena);
}

/* "<key>", of one of several heads "<head>/<key>". */
static const est_tensor *find(const est__report_head *h, const est_predictions *batch, const char *key)
{
    size_t n = h->name ? strlen(h->name) : 0;
    for (size_t i = 0; i < batch->count; i++) {
        const char *full = batch->key[i];
        if (h->name && (strncmp(full, h->name, n) != 0 || full[n] != '/'))
            continue;
        if (strcmp(h->name ? full + n + 1 : full, key) == 0)
            return batch->value[i];
    }
    return NULL;
}

static double number_at(const est_tensor *t, int64_t i)
{
    return t->dtype == EST_FLOAT ? (double)((const float *)t->data)[i] : (double)((const int64_t *)t->data)[i];
}

static int64_t width_of(const est_tensor *t)
{
    int64_t elements = est_shape_elements(&t->shape);
    return t->shape.rank && t->shape.dim[0] ? elements / t->shape.dim[0] : 1;
}

static bool is_number(const est_tensor *t)
{
    return t && (t->dtype == EST_FLOAT || t->dtype == EST_INT64);
}

/* By the keys that the heads of tf.estimator give. */
static est__report_kind kind_of(const est__report_head *h, const est_predictions *batch)
{
    const est_tensor *labels = find(h, batch, "labels"), *scores = find(h, batch, "probabilities");
    const est_tensor *values = find(h, batch, "predictions");
    if (!is_number(labels))
        return EST__REPORT_OTHER;
    if (find(h, batch, "logistic") && width_of(labels) == 1)
        return EST__REPORT_BINARY;
    if (is_number(scores) && find(h, batch, "class_ids") && width_of(labels) == 1)
        return EST__REPORT_CLASSES;
    if (is_number(scores) && width_of(scores) == width_of(labels))
        return EST__REPORT_LABELS;
    return is_number(values) && width_of(values) == width_of(labels) ? EST__REPORT_NUMBERS : EST__REPORT_OTHER;
}

static est_status name_classes(est__arena *arena, est__report_head *h, const est_predictions *batch)
{
    const est_tensor *names = find(h, batch, "all_classes");
    if (names == NULL)
        names = find(h, batch, "classes");
    h->class_name = est__arena_alloc(arena, (size_t)h->classes * sizeof *h->class_name);
    if (h->class_name == NULL)
        return est__fail_memory((size_t)h->classes * sizeof *h->class_name);
    for (int64_t i = 0; i < h->classes; i++) {
        size_t n = 0;
        bool named = names && names->dtype == EST_STRING && width_of(names) == h->classes;
        const char *text = named ? est_tensor_string(names, i, &n) : NULL;
        h->class_name[i] = text ? est__arena_strndup(arena, text, n) : est__arena_printf(arena, "%lld", (long long)i);
        if (h->class_name[i] == NULL)
            return est__fail_memory(n);
    }
    return EST_OK;
}

static est_status begin(est__arena *arena, est__report_head *h, const est_predictions *batch)
{
    h->kind = kind_of(h, batch);
    if (h->kind == EST__REPORT_OTHER)
        return EST_OK;
    if (h->kind == EST__REPORT_NUMBERS) {
        h->residuals.exact = 1 << 16;
        h->actual = est__calloc(EST__REPORT_PAIRS, sizeof *h->actual);
        h->predicted = est__calloc(EST__REPORT_PAIRS, sizeof *h->predicted);
        return h->actual && h->predicted ? EST_OK : est__fail_memory(EST__REPORT_PAIRS * sizeof *h->actual);
    }
    h->classes = width_of(find(h, batch, "probabilities"));
    size_t curves = h->kind == EST__REPORT_BINARY ? 1 : h->classes < EST__REPORT_CURVES ? (size_t)h->classes : EST__REPORT_CURVES;
    size_t cells = h->kind != EST__REPORT_LABELS && h->classes <= EST__REPORT_MATRIX ? (size_t)(h->classes * h->classes) : 0;
    h->scores = est__calloc(curves, sizeof *h->scores);
    h->confusion = cells ? est__calloc(cells, sizeof *h->confusion) : NULL;
    if (h->scores == NULL || (cells && h->confusion == NULL))
        return est__fail_memory(curves * sizeof *h->scores);
    return name_classes(arena, h, batch);
}

/* `truth` from 0 to 1, as the binary head allows. */
static void add_score(est__scores *s, double score, double truth, double weight)
{
    int bin = (int)(score * EST__SCORE_BINS);
    bin = bin < 0 ? 0 : bin >= EST__SCORE_BINS ? EST__SCORE_BINS - 1 : bin;
    s->positive[bin] += weight * truth;
    s->negative[bin] += weight * (1 - truth);
}

static void add_scores(est__report_head *h, const est_predictions *batch, int64_t row, double weight)
{
    const est_tensor *scores = find(h, batch, "probabilities"), *labels = find(h, batch, "labels");
    int64_t last = h->classes < EST__REPORT_CURVES ? h->classes : EST__REPORT_CURVES, id = (int64_t)number_at(labels, row);
    if (h->kind == EST__REPORT_BINARY)
        add_score(h->scores, number_at(scores, row * 2 + 1), number_at(labels, row), weight);
    else
        for (int64_t c = 0; c < last; c++)
            add_score(&h->scores[c], number_at(scores, row * h->classes + c),
                      h->kind == EST__REPORT_CLASSES ? c == id : number_at(labels, row * h->classes + c), weight);
    if (h->confusion && id >= 0 && id < h->classes)
        h->confusion[id * h->classes + (int64_t)number_at(find(h, batch, "class_ids"), row)] += weight;
}

/* Each of the first n numbers is in the sample with the same probability (Vitter's algorithm R). */
static est_status add_pair(est__report_head *h, double actual, double predicted)
{
    uint64_t place = h->pairs < EST__REPORT_PAIRS ? h->pairs++ : est__random_below(&h->random, (uint64_t)h->numbers + 1);
    h->numbers++;
    if (place < EST__REPORT_PAIRS) {
        h->actual[place] = actual;
        h->predicted[place] = predicted;
    }
    return est__quantiles_add(&h->residuals, predicted - actual);
}

static est_status add_batch(est__report_head *h, const est_predictions *batch)
{
    const est_tensor *labels = find(h, batch, "labels"), *weights = find(h, batch, "weights");
    const est_tensor *values = find(h, batch, "predictions");
    bool weighted = weights && weights->dtype == EST_FLOAT && width_of(weights) == 1;
    if (h->kind == EST__REPORT_OTHER)
        return EST_OK;
    for (int64_t row = 0; row < batch->rows; row++) {
        if (h->kind != EST__REPORT_NUMBERS) {
            add_scores(h, batch, row, weighted ? number_at(weights, row) : 1);
            continue;
        }
        for (int64_t i = row * width_of(labels); i < (row + 1) * width_of(labels); i++)
            EST_TRY(add_pair(h, number_at(labels, i), number_at(values, i)));
    }
    return EST_OK;
}

est_status est__report_batch(const est_predictions *batch, void *report)
{
    est__report *r = report;
    for (size_t i = 0; i < r->num_heads; i++) {
        if (r->rows == 0)
            EST_TRY(begin(&r->arena, &r->head[i], batch));
        EST_TRY(add_batch(&r->head[i], batch));
    }
    r->rows += batch->rows;
    return EST_OK;
}
