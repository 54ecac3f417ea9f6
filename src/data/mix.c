/* Rows of several inputs by turns. */
#include "data/mix.h"

enum { MADE = EST__STAGE_ROWS / 4 };   /* rows at a time */

static void start_again(est__mix *m)
{
    m->row = 0;
    memset(m->given, 0, (size_t)m->stage.count * sizeof *m->given);
    m->reset(m);
}

static void take(est__mix *m, int input, int64_t rows)
{
    m->given[input] += rows;
    m->row += rows;
    m->took(m, input, rows);
}

/* All turns before row `row`, without the rows. */
static est_status play_to(est__mix *m, int64_t row)
{
    if (row < m->row)
        start_again(m);
    while (m->row < row) {
        int64_t rows;
        if (m->jump)
            m->jump(m, row);
        int input = m->turn(m, &rows);
        if (input < 0)
            return est__fail(EST_OUT_OF_RANGE, "the data has ended");
        int64_t left = est__mix_left(m, input), wanted = row - m->row;
        if (!left) {
            m->ended(m, input);
            continue;
        }
        rows = rows < left ? rows : left;
        if (wanted)
            take(m, input, rows < wanted ? rows : wanted);
    }
    return EST_OK;
}

static est_status go(est__stage *stage, int64_t row)
{
    est__mix *m = (est__mix *)stage;
    bool known = true;
    for (int i = 0; i < stage->count; i++)
        known = known && stage->in[i].end >= 0;
    if (!known && row > m->reached)
        row = m->reached;
    EST_TRY(play_to(m, row));
    stage->first = row;
    return EST_OK;
}

static est_status fill(est__stage *stage)
{
    est__mix *m = (est__mix *)stage;
    est__table *out = stage->out;
    while (out->rows < MADE) {
        int64_t rows, room = MADE - out->rows;
        int input = m->turn(m, &rows);
        if (input < 0)
            break;
        est__reader *r = &stage->in[input];
        if (r->row != m->given[input])
            est__reader_go(r, m->given[input]);
        est_status st = est__reader_more(r);
        if (st == EST_OUT_OF_RANGE) {
            m->ended(m, input);
            continue;
        }
        EST_TRY(st);
        int64_t left = r->table->rows - r->at;
        rows = rows < left ? rows : left;
        rows = rows < room ? rows : room;
        EST_TRY(est__table_append(out, r->table, r->at, rows));
        est__reader_pass(r, rows);
        take(m, input, rows);
    }
    if (!out->rows)
        return est__fail(EST_OUT_OF_RANGE, "the data has ended");
    pthread_mutex_lock(&stage->in[0].lock);
    m->reached = m->row > m->reached ? m->row : m->reached;
    pthread_mutex_unlock(&stage->in[0].lock);
    return EST_OK;
}

est_status est__mix_init(est__mix *m)
{
    m->stage.fill = fill;
    m->stage.go = go;
    m->given = est__calloc((size_t)m->stage.count, sizeof *m->given);
    if (!m->given)
        return est__fail_memory((size_t)m->stage.count * sizeof *m->given);
    start_again(m);
    return EST_OK;
}

void est__mix_free(void *mix)
{
    est__mix *m = mix;
    if (m)
        est__free(m->given);
    est__stage_free(m);
}

static est_status whole(void *stage, const est__table **out)
{
    est__mix *m = stage;
    m->reached = 0;           /* the readers will have forgotten the ends */
    start_again(m);
    return est__stage_whole(stage, out);
}

/* ---- places: the ends, and how far they are known; they are read after that, so that none is missing ---- */

static void save(void *stage, est__buffer *out)
{
    est__mix *m = stage;
    est__stage_save(stage, out);
    pthread_mutex_lock(&m->stage.in[0].lock);
    int64_t reached = m->reached;
    pthread_mutex_unlock(&m->stage.in[0].lock);
    est__buffer_varint(out, (uint64_t)reached);
    for (int i = 0; i < m->stage.count; i++)
        est__buffer_varint(out, (uint64_t)(est__reader_end(&m->stage.in[i]) + 1));
}

static est_status restore(void *stage, est__cursor *in)
{
    est__mix *m = stage;
    uint64_t reached, end;
    EST_TRY(est__stage_restore(stage, in));
    EST_TRY(est__cursor_varint(in, &reached));
    for (int i = 0; i < m->stage.count; i++) {
        EST_TRY(est__cursor_varint(in, &end));
        if (end > INT64_MAX || reached > INT64_MAX)
            return est__fail(EST_DATA_LOSS, "the saved place of the data is damaged: the end of input %d", i);
        if (!m->stage.in[i].whole)
            est__reader_set_end(&m->stage.in[i], (int64_t)end - 1);
    }
    m->reached = (int64_t)reached;
    m->stage.lost = true;
    start_again(m);
    return EST_OK;
}

const est__rows_kind est__mix_rows = { .whole = whole, .next = est__stage_next, .seek = est__stage_seek, .save = save,
                                       .restore = restore };
