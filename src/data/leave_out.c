/* est_dataset_leave_out: what est_dataset_shard with the same numbers leaves over. */
#include "data/stages.h"

typedef struct leave_out {
    est__stage stage;
    int64_t num_shards, index;
    int64_t phase;                 /* number of the next row of the input, in its group of num_shards */
    int64_t row[EST__STAGE_ROWS];
} leave_out;

/* The input's row that becomes row `row`; INT64_MAX when there is no such number. */
static int64_t input_row(const leave_out *l, int64_t row)
{
    int64_t kept = l->num_shards - 1, group, at = row % kept;
    if (__builtin_mul_overflow(row / kept, l->num_shards, &group) || __builtin_add_overflow(group, at + (at >= l->index), &group))
        return INT64_MAX;
    return group;
}

static est_status go(est__stage *stage, int64_t row)
{
    leave_out *l = (leave_out *)stage;
    int64_t from = input_row(l, row);
    if (from == INT64_MAX)
        return est__fail(EST_OUT_OF_RANGE, "the data has ended");
    est__reader_go(&stage->in[0], from);
    l->phase = from % l->num_shards;
    stage->first = row;
    return EST_OK;
}

static int64_t needs(est__stage *stage, int input, int64_t rows)
{
    int64_t last = rows ? input_row((leave_out *)stage, rows - 1) : 0;
    (void)input;
    return rows && last < INT64_MAX ? last + 1 : last;
}

static est_status fill(est__stage *stage)
{
    leave_out *l = (leave_out *)stage;
    est__reader *r = &stage->in[0];
    int64_t count = 0;
    while (count == 0) {
        EST_TRY(est__reader_more(r));
        int64_t seen = 0, there = r->table->rows - r->at;
        for (; seen < there && count < EST__STAGE_ROWS; seen++) {
            if (l->phase != l->index)
                l->row[count++] = r->at + seen;
            l->phase = l->phase + 1 == l->num_shards ? 0 : l->phase + 1;
        }
        if (count)
            EST_TRY(est__table_gather(stage->out, r->table, l->row, count));
        est__reader_pass(r, seen);
    }
    return EST_OK;
}

static const est__rows_kind rows = { .whole = est__stage_whole, .next = est__stage_next, .seek = est__stage_seek,
                                     .save = est__stage_save, .restore = est__stage_restore };
static const est__source_kind source = EST__STAGE_SOURCE("leave_out", &rows, est__stage_free);

est_dataset *est_dataset_leave_out(est_dataset *d, int64_t num_shards, int64_t index)
{
    leave_out *l;
    if (!est__stage_fits(d, "est_dataset_leave_out", num_shards > 1, "num_shards", num_shards) ||
        !est__stage_fits(d, "est_dataset_leave_out", index >= 0 && index < num_shards, "index", index))
        return d;
    est_status st = est__stage_new(sizeof *l, 1, &rows, &l);
    if (st == EST_OK) {
        l->stage.fill = fill;
        l->stage.go = go;
        l->stage.needs = needs;
        l->num_shards = num_shards;
        l->index = index;
        est__stage_identify(&l->stage, "%lld %lld", (long long)num_shards, (long long)index);
    }
    return est__stage_put_if(st, d, &source, l);
}
