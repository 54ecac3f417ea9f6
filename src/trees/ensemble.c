/* The trees as arrays of nodes. */
#include <math.h>

#include "trees/trees.h"

est_status est__ensemble_new(int64_t outputs, est__ensemble **out)
{
    est__ensemble *e = est__calloc(1, sizeof *e);
    *out = e;
    if (e == NULL)
        return est__fail_memory(sizeof *e);
    e->outputs = outputs;
    e->bias = est__calloc((size_t)outputs, sizeof *e->bias);
    if (e->bias)
        return EST_OK;
    est__ensemble_free(e);
    *out = NULL;
    return est__fail_memory((size_t)outputs * sizeof *e->bias);
}

void est__ensemble_free(est__ensemble *e)
{
    if (e == NULL)
        return;
    est__free(e->bias);
    est__free(e->root);
    est__free(e->feature);
    est__free(e->threshold);
    est__free(e->missing_left);
    est__free(e->left);
    est__free(e->set);
    est__free(e->value);
    est__free(e->gain);
    est__free(e->weight);
    est__free(e->members);
    est__free(e);
}

est_status est__ensemble_add_tree(est__ensemble *e)
{
    EST_TRY(est__grow(&e->root, &e->cap_trees, (size_t)e->num_trees + 1, sizeof *e->root));
    EST_TRY(est__ensemble_add_nodes(e, 1, &e->root[e->num_trees]));
    e->num_trees++;
    return EST_OK;
}

est_status est__ensemble_add_nodes(est__ensemble *e, int64_t n, int32_t *first)
{
    size_t need = (size_t)(e->num_nodes + n);
    if (need > INT32_MAX)
        return est__fail(EST_RESOURCE_EXHAUSTED, "the trees have more than %d nodes", INT32_MAX);
    EST_TRY(est__grow(&e->feature, &e->cap_nodes[0], need, sizeof *e->feature));
    EST_TRY(est__grow(&e->threshold, &e->cap_nodes[1], need, sizeof *e->threshold));
    EST_TRY(est__grow(&e->missing_left, &e->cap_nodes[2], need, sizeof *e->missing_left));
    EST_TRY(est__grow(&e->left, &e->cap_nodes[3], need, sizeof *e->left));
    EST_TRY(est__grow(&e->set, &e->cap_nodes[4], need, sizeof *e->set));
    EST_TRY(est__grow(&e->value, &e->cap_nodes[5], need, sizeof *e->value));
    EST_TRY(est__grow(&e->gain, &e->cap_nodes[6], need, sizeof *e->gain));
    EST_TRY(est__grow(&e->weight, &e->cap_nodes[7], need, sizeof *e->weight));
    *first = (int32_t)e->num_nodes;
    for (int64_t i = e->num_nodes; i < (int64_t)need; i++) {
        e->feature[i] = 0;
        e->threshold[i] = INFINITY;
        e->missing_left[i] = true;
        e->left[i] = (int32_t)i;
        e->set[i] = -1;
        e->value[i] = e->gain[i] = e->weight[i] = 0;
    }
    e->num_nodes = (int64_t)need;
    return EST_OK;
}

est_status est__ensemble_add_set(est__ensemble *e, int32_t *set)
{
    EST_TRY(est__grow(&e->members, &e->cap_sets, (size_t)(e->num_sets + 1) * EST__TREE_SLOTS, sizeof *e->members));
    memset(e->members + e->num_sets * EST__TREE_SLOTS, 0, EST__TREE_SLOTS);
    *set = (int32_t)e->num_sets++;
    return EST_OK;
}

void est__ensemble_cut(est__ensemble *e, int64_t trees)
{
    if (trees >= e->num_trees)
        return;
    e->num_nodes = e->root[trees];
    e->num_trees = trees;
    e->num_sets = 0;
    for (int64_t i = 0; i < e->num_nodes; i++)
        if (e->set[i] >= e->num_sets)
            e->num_sets = e->set[i] + 1;
}

int32_t est__ensemble_leaf(const est__ensemble *e, int32_t node, const est__tree_matrix *m, int64_t row)
{
    while (e->left[node] != node) {
        int64_t feature = e->feature[node];
        const est__tree_feature *f = &m->feature[feature];
        int bin = est__tree_at(m, row, feature);
        bool left;
        if (bin == f->bins)
            left = e->missing_left[node];
        else if (e->set[node] >= 0)
            left = e->members[e->set[node] * EST__TREE_SLOTS + bin];
        else   /* a threshold is the cut of a bin, or infinite */
            left = bin == f->bins - 1 ? e->threshold[node] == INFINITY : f->cut[bin] <= e->threshold[node];
        node = e->left[node] + !left;
    }
    return node;
}

est_status est__ensemble_check(const est__ensemble *e, int64_t num_features)
{
    for (int64_t t = 0; t < e->num_trees; t++)
        if (e->root[t] < (t ? e->root[t - 1] + 1 : 0) || e->root[t] >= e->num_nodes)
            return est__fail(EST_DATA_LOSS, "tree %lld begins at node %d of %lld", (long long)t, e->root[t], (long long)e->num_nodes);
    for (int64_t i = 0; i < e->num_nodes; i++) {
        bool leaf = e->left[i] == i;
        if (!leaf && (e->left[i] < i || e->left[i] >= e->num_nodes - 1))
            return est__fail(EST_DATA_LOSS, "node %lld has the children %d and after, of %lld nodes", (long long)i, e->left[i],
                             (long long)e->num_nodes);
        if (e->feature[i] < 0 || e->feature[i] >= num_features || e->set[i] < -1 || e->set[i] >= e->num_sets)
            return est__fail(EST_DATA_LOSS, "node %lld splits feature %d of %lld by set %d of %lld", (long long)i, e->feature[i],
                             (long long)num_features, e->set[i], (long long)e->num_sets);
    }
    return EST_OK;
}

void est__ensemble_importances(const est__ensemble *e, double *gain, int64_t num_features)
{
    for (int64_t f = 0; f < num_features; f++)
        gain[f] = 0;
    for (int64_t i = 0; i < e->num_nodes; i++)
        if (e->left[i] != i)
            gain[e->feature[i]] += (double)e->gain[i];
}
