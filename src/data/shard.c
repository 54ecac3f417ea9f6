/* est_dataset_shard: each num_shards-th row, from row `index` on. */
#include "data/stages.h"

typedef struct shard {
    est__stage stage;
    int64_t num_shards, index;
    int64_t row[EST__STAGE_ROWS];
} shard;

static est_status go(est__stage *stage, int64_t row)
{
    shard *s = (shard *)stage;
    int64_t from;
    if (__builtin_mul_overflow(row, s->num_shards, &from) || __builtin_add_overflow(from, s->index, &from))
        return est__fail(EST_OUT_OF_RANGE, "the data has ended");
    est__reader_go(&stage->in[0], from);
    stage->first = row;
    return EST_OK;
}

static int64_t needs(est__stage *stage, int input, int64_t rows)
{
    shard *s = (shard *)stage;
    int64_t last;
    (void)input;
    if (!rows)
        return 0;
    return __builtin_mul_overflow(rows - 1, s->num_shards, &last) || __builtin_add_overflow(last, s->index + 1, &last) ? INT64_MAX
                                                                                                                    : last;
}

static est_status fill(est__stage *stage)
{
    shard *s = (shard *)stage;
    est__reader *r = &stage->in[0];
    EST_TRY(est__reader_more(r));
    int64_t count = (r->table->rows - r->at + s->num_shards - 1) / s->num_shards;
    if (count > EST__STAGE_ROWS)
        count = EST__STAGE_ROWS;
    for (int64_t i = 0; i < count; i++)
        s->row[i] = r->at + i * s->num_shards;
    EST_TRY(est__table_gather(stage->out, r->table, s->row, count));
    est__reader_pass(r, count * s->num_shards);
    return EST_OK;
}

static const est__rows_kind rows = { .whole = est__stage_whole, .next = est__stage_next, .seek = est__stage_seek,
                                     .save = est__stage_save, .restore = est__stage_restore };
static const est__source_kind source = EST__STAGE_SOURCE("shard", &rows, est__stage_free);

est_dataset *est_dataset_shard(est_dataset *d, int64_t num_shards, int64_t index)
{
    shard *s;
    if (!est__stage_fits(d, "est_dataset_shard", num_shards > 0, "num_shards", num_shards) ||
        !est__stage_fits(d, "est_dataset_shard", index >= 0 && index < num_shards, "index", index))
        return d;
    est_status st = est__stage_new(sizeof *s, 1, &rows, &s);
    if (st == EST_OK) {
        s->stage.fill = fill;
        s->stage.go = go;
        s->stage.needs = needs;
        s->num_shards = num_shards;
        s->index = index;
        est__stage_identify(&s->stage, "%lld %lld", (long long)num_shards, (long long)index);
    }
    return est__stage_put_if(st, d, &source, s);
}
