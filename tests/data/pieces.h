/* A source of rows for tests of stages: row i is told from its number, tables are small and of many sizes, and any row can be
 * found; how many rows it gave is counted. */
#ifndef EST_TESTS_DATA_PIECES_H
#define EST_TESTS_DATA_PIECES_H

#include "data/rows.h"

typedef struct pieces {
    int64_t rows, base;       /* the rows are numbered from `base` on */
    int64_t next;             /* the row after the table that was given last */
    bool whole;               /* all in one table instead */
    int64_t *given;           /* rows in tables that were given; NULL: not counted */
    est_batch *batch;
} pieces;

static const est_feature pieces_features[] = { { .name = "n", .dtype = EST_INT64 }, { .name = "s", .dtype = EST_STRING },
                                               { .name = "v", .dtype = EST_INT64, .variable_length = true } };

/* n: the number; s: its text; v: n % 3 times the number. */
static inline est_status pieces_row(est_batch *b, int64_t first, int64_t count)
{
    enum { MOST = 20000 };
    static int64_t n[MOST], offsets[MOST + 1], v[MOST * 3], splits[MOST + 1];
    static char text[MOST * 8];
    offsets[0] = splits[0] = 0;
    for (int64_t i = 0; i < count; i++) {
        n[i] = first + i;
        offsets[i + 1] = offsets[i] + snprintf(text + offsets[i], 8, "%lld", (long long)n[i]);
        splits[i + 1] = splits[i];
        for (int64_t k = 0; k < n[i] % 3; k++)
            v[splits[i + 1]++] = n[i];
    }
    est_shape shape = EST_SHAPE(count), all = EST_SHAPE(splits[count]), ends = EST_SHAPE(count + 1);
    EST_TRY(est_batch_set(b, 0, &(est_tensor){ EST_INT64, shape, n, NULL }));
    EST_TRY(est_batch_set(b, 1, &(est_tensor){ EST_STRING, shape, offsets, text }));
    return est_batch_set_ragged(b, 2, &(est_tensor){ EST_INT64, all, v, NULL }, &(est_tensor){ EST_INT64, ends, splits, NULL });
}

static inline est_status pieces_give(pieces *p, int64_t first, int64_t count, const est__table **out)
{
    EST_TRY(pieces_row(p->batch, p->base + first, count));
    p->batch->room->table.rows = count;
    p->next = first + count;
    if (p->given)
        *p->given += count;
    *out = &p->batch->room->table;
    return EST_OK;
}

/* Tables begin at multiples of 5 and 7. */
static inline int64_t pieces_start(int64_t row)
{
    return row - (row % 5 < row % 7 ? row % 5 : row % 7);
}

static inline est_status pieces_next(void *source, const est__table **out)
{
    pieces *p = source;
    int64_t end = p->next + 1;
    if (p->next >= p->rows)
        return est__fail(EST_OUT_OF_RANGE, "the data has ended");
    while (end < p->rows && pieces_start(end) != end)
        end++;
    return pieces_give(p, p->next, end - p->next, out);
}

static inline est_status pieces_seek(void *source, int64_t row, const est__table **out, int64_t *at)
{
    pieces *p = source;
    p->next = row < p->rows ? pieces_start(row) : p->rows;
    *at = row - p->next;
    return pieces_next(p, out);
}

static inline est_status pieces_whole(void *source, const est__table **out)
{
    pieces *p = source;
    *out = NULL;
    return p->whole ? pieces_give(p, 0, p->rows, out) : EST_OK;
}

static inline void pieces_save(void *source, int64_t rows, est__buffer *out)
{
    (void)source;
    (void)rows;
    est__buffer_varint(out, 77);
}

static inline est_status pieces_restore(void *source, est__cursor *in)
{
    uint64_t v = 0;
    (void)source;
    EST_CHECK_OK(est__cursor_varint(in, &v));
    EST_CHECK_INT(v, 77);
    return EST_OK;
}

static inline est_status pieces_fingerprint(const est_dataset *d, uint64_t *out)
{
    *out = est__fingerprint_cat64((uint64_t)((pieces *)d->source)->rows, (uint64_t)((pieces *)d->source)->base);
    return EST_OK;
}

static inline void pieces_free(void *source)
{
    pieces *p = source;
    est__batch_free(p->batch);
    est__free(p);
}

static const est__rows_kind pieces_rows = { .whole = pieces_whole, .next = pieces_next, .seek = pieces_seek, .save = pieces_save,
                                            .restore = pieces_restore };
static const est__source_kind pieces_source = {
    .name = "pieces", .rows = &pieces_rows, .start = est__rows_start, .read = est__rows_read, .save = est__rows_save,
    .restore = est__rows_restore, .fingerprint = pieces_fingerprint, .free = pieces_free };

static inline est_dataset *new_pieces_from(int64_t base, int64_t rows, bool whole, int64_t *given)
{
    pieces *p = est__calloc(1, sizeof *p);
    est_dataset *d = NULL;
    EST_CHECK(p != NULL);
    p->rows = rows;
    p->base = base;
    p->whole = whole;
    p->given = given;
    EST_CHECK_OK(est__dataset_new((est_features_spec){ pieces_features, 3 }, -1, &pieces_source, p, &d));
    EST_CHECK_OK(est__batch_new(d, &p->batch));
    return d;
}

static inline est_dataset *new_pieces(int64_t rows, bool whole, int64_t *given)
{
    return new_pieces_from(0, rows, whole, given);
}

#endif
