/* Rows on their way into bins. The first ones are kept as floats until there are enough to find cuts. */
#include "trees/trees.h"

est_status est__tree_matrix_new(const est__tree_feature *feature, int64_t count, int bins, int64_t sample_rows, est__pool *pool,
                                est__tree_matrix **out)
{
    est__tree_matrix *m = est__calloc(1, sizeof *m);
    *out = m;
    if (m == NULL)
        return est__fail_memory(sizeof *m);
    m->num_features = count;
    m->groups = (count + EST__TREE_GROUP - 1) / EST__TREE_GROUP;
    m->bins = bins;
    m->sample_rows = sample_rows;
    m->pool = pool;
    m->feature = est__calloc((size_t)count + 1, sizeof *m->feature);
    m->sample = est__calloc((size_t)count + 1, sizeof *m->sample);
    m->sample_capacity = est__calloc((size_t)count + 1, sizeof *m->sample_capacity);
    m->group = est__calloc((size_t)m->groups + 1, sizeof *m->group);
    m->capacity = est__calloc((size_t)m->groups + 1, sizeof *m->capacity);
    bool whole = m->feature && m->sample && m->sample_capacity && m->group && m->capacity;
    for (int64_t i = 0; i < count && whole; i++) {
        est__tree_feature *f = &m->feature[i];
        *f = feature[i];
        f->cut = NULL;
        if (feature[i].cut == NULL)
            continue;
        m->cut = true;
        f->cut = est__malloc(EST__TREE_BINS * sizeof *f->cut);
        if ((whole = f->cut != NULL))
            memcpy(f->cut, feature[i].cut, (size_t)est__tree_cut_count(f) * sizeof *f->cut);
    }
    if (whole)
        return EST_OK;
    est__tree_matrix_free(m);
    *out = NULL;
    return est__fail_memory((size_t)count * sizeof *feature);
}

void est__tree_matrix_free(est__tree_matrix *m)
{
    if (m == NULL)
        return;
    for (int64_t i = 0; m->sample && i < m->num_features; i++)
        est__free(m->sample[i]);
    for (int64_t i = 0; m->feature && i < m->num_features; i++)
        est__free(m->feature[i].cut);
    for (int64_t i = 0; m->group && i < m->groups; i++)
        est__free(m->group[i]);
    est__free(m->feature);
    est__free(m->sample);
    est__free(m->sample_capacity);
    est__free(m->group);
    est__free(m->capacity);
    est__free(m);
}

/* ---- into bins: a task is a group, so that no two write to one word ---- */
typedef struct binning {
    est__tree_matrix *m;
    const float *x;               /* [rows, features]; NULL: the sample */
    int64_t first, rows;
} binning;

static void bin_group(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const binning *b = arg;
    const est__tree_matrix *m = b->m;
    (void)begin;
    (void)end;
    int64_t first = block * EST__TREE_GROUP, n = m->num_features - first;
    uint64_t *out = m->group[block] + b->first;
    memset(out, 0, (size_t)b->rows * sizeof *out);
    for (int64_t j = 0; j < n && j < EST__TREE_GROUP; j++) {
        const est__tree_feature *f = &m->feature[first + j];
        const float *x = b->x ? b->x + first + j : m->sample[first + j];
        est__tree_bins(f, x, b->x ? m->num_features : 1, b->rows, out, (int)(8 * j));
    }
}

static est_status bin_rows(est__tree_matrix *m, const float *x, int64_t rows)
{
    binning b = { .m = m, .x = x, .first = x ? m->rows : 0, .rows = rows };
    for (int64_t i = 0; i < m->groups; i++)
        EST_TRY(est__grow(&m->group[i], &m->capacity[i], (size_t)(b.first + rows), sizeof **m->group));
    est__for_blocks(m->pool, m->groups, 1, bin_group, &b);
    return EST_OK;
}

/* ---- the sample, and the cuts that it gives ---- */
typedef struct cutting {
    est__tree_matrix *m;
    est__error *error;            /* by feature */
} cutting;

static void cut_feature(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const cutting *c = arg;
    est__tree_matrix *m = c->m;
    (void)begin;
    (void)end;
    size_t bytes = (size_t)m->rows * sizeof(float);
    float *values = est__malloc(2 * bytes + 1);
    est_status st = values ? EST_OK : est__fail_memory(2 * bytes);
    if (st == EST_OK) {
        if (m->rows)
            memcpy(values, m->sample[block], bytes);
        st = est__tree_cuts(&m->feature[block], values, m->rows, m->bins, values + m->rows);
    }
    est__free(values);
    est__error_take(&c->error[block], st);
}

static est_status find_cuts(est__tree_matrix *m)
{
    cutting c = { .m = m, .error = est__calloc((size_t)m->num_features + 1, sizeof *c.error) };
    est_status st = c.error ? EST_OK : est__fail_memory((size_t)m->num_features * sizeof *c.error);
    if (st == EST_OK)
        est__for_blocks(m->pool, m->num_features, 1, cut_feature, &c);
    for (int64_t i = 0; i < m->num_features && st == EST_OK; i++)
        if (c.error[i].status != EST_OK)
            st = est__error_give(&c.error[i]);
    est__free(c.error);
    m->cut = st == EST_OK;
    if (st == EST_OK)
        st = bin_rows(m, NULL, m->rows);
    for (int64_t i = 0; i < m->num_features; i++) {
        est__free(m->sample[i]);
        m->sample[i] = NULL;
    }
    return st;
}

static est_status keep_sample(est__tree_matrix *m, const float *x, int64_t rows)
{
    for (int64_t f = 0; f < m->num_features; f++) {
        EST_TRY(est__grow(&m->sample[f], &m->sample_capacity[f], (size_t)(m->rows + rows), sizeof **m->sample));
        for (int64_t i = 0; i < rows; i++)
            m->sample[f][m->rows + i] = x[i * m->num_features + f];
    }
    m->rows += rows;
    return EST_OK;
}

est_status est__tree_matrix_add(est__tree_matrix *m, const float *x, int64_t rows)
{
    if (!m->cut) {
        int64_t left = m->sample_rows - m->rows, n = rows < left ? rows : left;
        EST_TRY(keep_sample(m, x, n));
        if (m->rows < m->sample_rows)
            return EST_OK;
        EST_TRY(find_cuts(m));
        x += n * m->num_features;
        rows -= n;
    }
    EST_TRY(bin_rows(m, x, rows));
    m->rows += rows;
    return EST_OK;
}

est_status est__tree_matrix_finish(est__tree_matrix *m)
{
    return m->cut ? EST_OK : find_cuts(m);
}
