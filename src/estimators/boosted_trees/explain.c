/* What features have gained boosted trees, and what they add to their predictions. */
#include "estimators/boosted_trees/boosted_trees.h"
#include "trees/shap.h"

/* ---- importances ---- */
static est_status importances(const est__boosted *b, const est_tensor *left, const est_tensor *feature, const est_tensor *gain,
                              bool normalize, est_results **out)
{
    est__result *r = est__calloc((size_t)b->num_features + 1, sizeof *r);
    if (r == NULL)
        return est__fail_memory((size_t)b->num_features * sizeof *r);
    for (int64_t f = 0; f < b->num_features; f++)
        r[f].name = b->feature[f].name;
    for (int64_t i = 0, n = est__tensor_elements(gain); i < n; i++) {
        int64_t f = ((const int32_t *)feature->data)[i];
        if (((const int32_t *)left->data)[i] == i || f < 0 || f >= b->num_features)
            continue;
        r[f].value += (double)((const float *)gain->data)[i];
    }
    est_status st = est__importances_new(r, (size_t)b->num_features, normalize, out);
    est__free(r);
    return st;
}

est_status est__boosted_importances(est_estimator *e, bool normalize, est_results **out)
{
    est_tensor *left = NULL, *feature = NULL, *gain = NULL;
    *out = NULL;
    est_status st = est_get_variable_value(e, "boosted_trees/left", &left);
    if (st == EST_OK)
        st = est_get_variable_value(e, "boosted_trees/feature", &feature);
    if (st == EST_OK)
        st = est_get_variable_value(e, "boosted_trees/gain", &gain);
    if (st == EST_OK && (est__tensor_elements(left) != est__tensor_elements(gain) || est__tensor_elements(feature) != est__tensor_elements(gain)))
        st = est__fail(EST_DATA_LOSS, "%s: the checkpoint's trees are not whole", e->model_dir);
    if (st == EST_OK)
        st = importances(e->user, left, feature, gain, normalize, out);
    est_tensor_free(left);
    est_tensor_free(feature);
    est_tensor_free(gain);
    return st;
}

/* ---- contributions ---- */
typedef struct explaining {
    est__ensemble *trees;
    est__shap *shap;
} explaining;

static est_status explain(const void *state, const float *x, int64_t rows, est__pool *pool, double *out)
{
    return est__shap_rows(((const explaining *)state)->shap, x, rows, pool, out);
}

static void free_explaining(void *state)
{
    explaining *x = state;
    est__shap_free(x->shap);
    est__ensemble_free(x->trees);
    est__free(x);
}

static est_status name_features(est__boosted *b, est_strings *out)
{
    if (b->feature_name == NULL) {
        b->feature_name = est__arena_alloc(&b->arena, ((size_t)b->num_features + 1) * sizeof *b->feature_name);
        for (int64_t f = 0; b->feature_name && f < b->num_features; f++)
            b->feature_name[f] = b->feature[f].name;
    }
    *out = (est_strings){ b->feature_name, (size_t)b->num_features };
    return b->feature_name ? EST_OK : est__fail_memory((size_t)b->num_features * sizeof *b->feature_name);
}

est_status est__boosted_explainer(void *user, const est__session *s, est__explainer *out)
{
    est__boosted *b = user;
    explaining *x = est__calloc(1, sizeof *x);
    *out = (est__explainer){ 0 };
    if (x == NULL)
        return est__fail_memory(sizeof *x);
    est_status st = est__boosted_load(b, s, &x->trees, NULL);
    if (st == EST_OK)
        st = est__shap_new(x->trees, b->num_features, &x->shap);
    if (st == EST_OK)
        st = name_features(b, &out->feature);
    if (st != EST_OK) {
        free_explaining(x);
        return st;
    }
    out->bias = est__shap_bias(x->shap);
    out->state = x;
    out->explain = explain;
    out->free = free_explaining;
    return EST_OK;
}
