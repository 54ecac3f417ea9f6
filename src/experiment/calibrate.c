/* Calibration of an experiment's classifier, as a configuration over its own. */
#include <estimator/calibrate.h>

#include "experiment/config.h"

static void put_numbers(est__buffer *b, const char *key, est_floats v)
{
    est__buffer_printf(b, "%s: [", key);
    for (size_t i = 0; i < v.count; i++) {
        est__buffer_text(b, i ? ", " : "");
        est__yaml_number(b, v.data[i]);
    }
    est__buffer_text(b, "]");
}

/* `indent` goes before each line. */
static void put_calibration(est__buffer *b, const est_calibration *c, const char *indent)
{
    est__buffer_text(b, indent);
    if (c->temperature > 0) {
        est__buffer_text(b, "temperature: ");
        est__yaml_number(b, c->temperature);
    } else if (c->platt.count) {
        put_numbers(b, "platt", c->platt);
    } else {
        put_numbers(b, "isotonic_logits", c->isotonic_logits);
        est__buffer_printf(b, "\n%s", indent);
        put_numbers(b, "isotonic_probabilities", c->isotonic_probabilities);
    }
    est__buffer_text(b, "\n");
}

est_status est__calibration_text(const est__config *config, const est_calibration *c, char **text)
{
    est__buffer b = { 0 };
    const est__yaml *head = est__yaml_get(config->model, "head");
    est__buffer_text(&b, "task:\n  model:\n");
    if (head && head->kind == EST_YAML_MAP && head->count == 1) {
        est__buffer_printf(&b, "    head:\n      %s:\n", head->pairs[0].key);
        put_calibration(&b, c, "        ");
    } else {
        put_calibration(&b, c, "    ");
    }
    *text = b.status == EST_OK ? b.data : NULL;
    if (b.status != EST_OK)
        est__buffer_free(&b);
    return *text ? EST_OK : est__fail_memory(64);
}
