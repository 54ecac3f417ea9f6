/* What a report gathers batch by batch: scores by label in bins, a confusion matrix, a sample of predictions; memory does not grow with
 * the data. */
#include "experiment/report.h"

#include <math.h>

void est__report_free(est__report *r)
{
    est__free(r->scores);
    est__free(r->confusion);
    est__free(r->actual);
    est__free(r->predicted);
    est__quantiles_free(&r->residuals);
    est_results_free(r->results);
    est__arena_free(&r->arena);
}

static const est_tensor *find(const est_predictions *batch, const char *key)
{
    for (size_t i = 0; i < batch->count; i++)
        if (strcmp(batch->key[i], key) == 0)
            return batch->value[i];
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
static est__report_kind kind_of(const est_predictions *batch)
{
    const est_tensor *labels = find(batch, "labels"), *scores = find(batch, "probabilities"), *values = find(batch, "predictions");
    if (!is_number(labels))
        return EST__REPORT_OTHER;
    if (find(batch, "logistic") && width_of(labels) == 1)
        return EST__REPORT_BINARY;
    if (is_number(scores) && find(batch, "class_ids") && width_of(labels) == 1)
        return EST__REPORT_CLASSES;
    if (is_number(scores) && width_of(scores) == width_of(labels))
        return EST__REPORT_LABELS;
    return is_number(values) && width_of(values) == width_of(labels) ? EST__REPORT_NUMBERS : EST__REPORT_OTHER;
}

static est_status name_classes(est__report *r, const est_predictions *batch)
{
    const est_tensor *names = find(batch, "all_classes");
    if (names == NULL)
        names = find(batch, "classes");
    r->class_name = est__arena_alloc(&r->arena, (size_t)r->classes * sizeof *r->class_name);
    if (r->class_name == NULL)
        return est__fail_memory((size_t)r->classes * sizeof *r->class_name);
    for (int64_t i = 0; i < r->classes; i++) {
        size_t n = 0;
        bool named = names && names->dtype == EST_STRING && width_of(names) == r->classes;
        const char *text = named ? est_tensor_string(names, i, &n) : NULL;
        r->class_name[i] = text ? est__arena_strndup(&r->arena, text, n) : est__arena_printf(&r->arena, "%lld", (long long)i);
        if (r->class_name[i] == NULL)
            return est__fail_memory(n);
    }
    return EST_OK;
}

static est_status begin(est__report *r, const est_predictions *batch)
{
    r->kind = kind_of(batch);
    if (r->kind == EST__REPORT_OTHER)
        return EST_OK;
    if (r->kind == EST__REPORT_NUMBERS) {
        r->residuals.exact = 1 << 16;
        r->actual = est__calloc(EST__REPORT_PAIRS, sizeof *r->actual);
        r->predicted = est__calloc(EST__REPORT_PAIRS, sizeof *r->predicted);
        return r->actual && r->predicted ? EST_OK : est__fail_memory(EST__REPORT_PAIRS * sizeof *r->actual);
    }
    r->classes = width_of(find(batch, "probabilities"));
    size_t curves = r->kind == EST__REPORT_BINARY ? 1 : r->classes < EST__REPORT_CURVES ? (size_t)r->classes : EST__REPORT_CURVES;
    size_t cells = r->kind != EST__REPORT_LABELS && r->classes <= EST__REPORT_MATRIX ? (size_t)(r->classes * r->classes) : 0;
    r->scores = est__calloc(curves, sizeof *r->scores);
    r->confusion = cells ? est__calloc(cells, sizeof *r->confusion) : NULL;
    if (r->scores == NULL || (cells && r->confusion == NULL))
        return est__fail_memory(curves * sizeof *r->scores);
    return name_classes(r, batch);
}

/* `truth` from 0 to 1, as the binary head allows. */
static void add_score(est__scores *s, double score, double truth, double weight)
{
    int bin = (int)(score * EST__SCORE_BINS);
    bin = bin < 0 ? 0 : bin >= EST__SCORE_BINS ? EST__SCORE_BINS - 1 : bin;
    s->positive[bin] += weight * truth;
    s->negative[bin] += weight * (1 - truth);
}

static void add_scores(est__report *r, const est_predictions *batch, int64_t row, double weight)
{
    const est_tensor *scores = find(batch, "probabilities"), *labels = find(batch, "labels");
    int64_t last = r->classes < EST__REPORT_CURVES ? r->classes : EST__REPORT_CURVES, id = (int64_t)number_at(labels, row);
    if (r->kind == EST__REPORT_BINARY)
        add_score(r->scores, number_at(scores, row * 2 + 1), number_at(labels, row), weight);
    else
        for (int64_t c = 0; c < last; c++)
            add_score(&r->scores[c], number_at(scores, row * r->classes + c),
                      r->kind == EST__REPORT_CLASSES ? c == id : number_at(labels, row * r->classes + c), weight);
    if (r->confusion && id >= 0 && id < r->classes)
        r->confusion[id * r->classes + (int64_t)number_at(find(batch, "class_ids"), row)] += weight;
}

/* Each of the first n numbers is in the sample with the same probability (Vitter's algorithm R). */
static est_status add_pair(est__report *r, double actual, double predicted)
{
    uint64_t place = r->pairs < EST__REPORT_PAIRS ? r->pairs++ : est__random_below(&r->random, (uint64_t)r->numbers + 1);
    r->numbers++;
    if (place < EST__REPORT_PAIRS) {
        r->actual[place] = actual;
        r->predicted[place] = predicted;
    }
    return est__quantiles_add(&r->residuals, predicted - actual);
}

est_status est__report_batch(const est_predictions *batch, void *report)
{
    est__report *r = report;
    if (r->rows == 0)
        EST_TRY(begin(r, batch));
    r->rows += batch->rows;
    if (r->kind == EST__REPORT_OTHER)
        return EST_OK;
    const est_tensor *labels = find(batch, "labels"), *weights = find(batch, "weights"), *values = find(batch, "predictions");
    bool weighted = weights && weights->dtype == EST_FLOAT && width_of(weights) == 1;
    for (int64_t row = 0; row < batch->rows; row++) {
        if (r->kind != EST__REPORT_NUMBERS) {
            add_scores(r, batch, row, weighted ? number_at(weights, row) : 1);
            continue;
        }
        for (int64_t i = row * width_of(labels); i < (row + 1) * width_of(labels); i++)
            EST_TRY(add_pair(r, number_at(labels, i), number_at(values, i)));
    }
    return EST_OK;
}
