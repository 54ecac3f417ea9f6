/* est_calibrate: held-out logits and labels, gathered by an evaluation, and the calibration that fits them best. */
#include <math.h>

#include <estimator/calibrate.h>

#include "estimators/estimator.h"
#include "heads/head.h"

typedef struct gathering {
    double *logits, *labels, *weights;
    size_t cap_logits, cap_labels, cap_weights;
    size_t n;
    int64_t outputs;
} gathering;

static const est_tensor *find(const est_predictions *p, const char *key)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->key[i], key) == 0)
            return p->value[i];
    return NULL;
}

static est_status gather(const est_predictions *p, void *user)
{
    gathering *all = user;
    const est_tensor *logits = find(p, "logits"), *labels = find(p, "labels"), *weights = find(p, "weights");
    size_t rows = (size_t)p->rows, k = (size_t)all->outputs;
    EST_TRY(est__grow(&all->logits, &all->cap_logits, (all->n + rows) * k + 1, sizeof *all->logits));
    EST_TRY(est__grow(&all->labels, &all->cap_labels, all->n + rows + 1, sizeof *all->labels));
    EST_TRY(est__grow(&all->weights, &all->cap_weights, all->n + rows + 1, sizeof *all->weights));
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < k; j++)
            all->logits[(all->n + i) * k + j] = est__tensor_get(logits, (int64_t)(i * k + j));
        all->labels[all->n + i] = est__tensor_get(labels, (int64_t)i);
        all->weights[all->n + i] = weights ? est__tensor_get(weights, (int64_t)i) : 1;
    }
    all->n += rows;
    return EST_OK;
}

/* The struct and its lists in one block. */
static est_calibration *new_calibration(size_t numbers, double **room)
{
    est_calibration *c = est__calloc(1, sizeof *c + numbers * sizeof **room);
    *room = (double *)(void *)(c ? c + 1 : NULL);
    return c;
}

static est_status check_data(const est_estimator *e, const gathering *d)
{
    for (size_t i = 0; i < d->n * (size_t)d->outputs; i++)
        if (!isfinite(d->logits[i]))
            return est__fail(EST_INVALID_ARGUMENT, "%s: calibrate: the logits of example %zu are not finite", e->name,
                             i / (size_t)d->outputs + 1);
    for (size_t i = 1; i < d->n; i++)
        if (d->labels[i] != d->labels[0])
            return EST_OK;
    if (d->n && d->outputs == 1 && d->labels[0] > 0 && d->labels[0] < 1)
        return EST_OK;
    return est__fail(EST_INVALID_ARGUMENT, "%s: calibrate: all labels of the data are alike; there must be examples of several classes",
                     e->name);
}

static est_status fit(const gathering *all, const char *method, est_calibration **out)
{
    est__calibration_data d = { all->logits, all->labels, all->weights, all->n, all->outputs };
    bool isotonic = strcmp(method, "isotonic") == 0;
    size_t most = isotonic ? 4 * all->n : 2, count = 0;
    double *room;
    est_calibration *c = *out = new_calibration(most, &room);
    if (c == NULL)
        return est__fail_memory(most * sizeof *room);
    if (strcmp(method, "temperature") == 0) {
        c->temperature = est__fit_temperature(&d);
    } else if (!isotonic) {
        est__fit_platt(&d, room);
        c->platt = (est_floats){ room, 2 };
    } else {
        EST_TRY(est__fit_isotonic(&d, room, room + 2 * all->n, &count));
        c->isotonic_logits = (est_floats){ room, count };
        c->isotonic_probabilities = (est_floats){ room + 2 * all->n, count };
    }
    return EST_OK;
}

/* NULL: the default of the head. */
static est_status choose(const est_estimator *e, const char **method)
{
    const char *head = e->head ? e->head->kind->name : "none";
    bool binary = strcmp(head, "BinaryClassHead") == 0, several = strcmp(head, "MultiClassHead") == 0;
    if (!binary && !several)
        return est__fail(EST_INVALID_ARGUMENT, "%s: calibrate: probabilities of a BinaryClassHead or a MultiClassHead can be calibrated; "
                         "its head is %s", e->name, head);
    if (*method == NULL)
        *method = binary ? "platt" : "temperature";
    bool known = strcmp(*method, "platt") == 0 || strcmp(*method, "isotonic") == 0 || strcmp(*method, "temperature") == 0;
    if (!known)
        return est__fail(EST_INVALID_ARGUMENT, "%s: calibrate: method is '%s'; it must be 'platt', 'isotonic' or 'temperature'", e->name,
                         *method);
    if (several && strcmp(*method, "temperature") != 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: calibrate: method '%s' is for two classes; 'temperature' is for any number", e->name,
                         *method);
    return EST_OK;
}

est_status est_calibrate_sized(est_estimator *e, const est_calibrate_options *options, size_t size, est_calibration **out)
{
    est_calibrate_options o = { 0 };
    gathering all = { 0 };
    est_results *results = NULL;
    *out = NULL;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    EST_TRY(choose(e, &o.method));
    all.outputs = est_head_logits_dimension(e->head);
    est_status st = est_evaluate(e, &((est_evaluate_options){ .input_fn = o.input_fn, .user = o.user, .checkpoint_path = o.checkpoint_path,
                                                              .no_events = true, .each = gather, .each_user = &all }), &results);
    if (st == EST_OK)
        st = check_data(e, &all);
    if (st == EST_OK)
        st = fit(&all, o.method, out);
    if (st != EST_OK) {
        est_calibration_free(*out);
        *out = NULL;
    }
    est_results_free(results);
    est__free(all.logits);
    est__free(all.labels);
    est__free(all.weights);
    return st;
}

void est_calibration_free(est_calibration *c)
{
    est__free(c);
}
