/* Rows of several inputs by turns. */
#include "data/mix.h"

enum { MADE = EST__STAGE_ROWS / 4 };   /* rows at a time, from a multiple of it on */
enum { NOTED = 16 * MADE };

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

static void end_input(est__mix *m, int input)
{
    pthread_mutex_lock(&m->stage.in[0].lock);
    m->ended_at[input] = m->row;
    pthread_mutex_unlock(&m->stage.in[0].lock);
    m->ended(m, input);
}

static int64_t next_note(const est__mix *m)
{
    return (int64_t)m->notes * NOTED;
}

/* Where it is time for it. */
static est_status note(est__mix *m)
{
    size_t count = (size_t)m->stage.count;
    if (m->row != next_note(m))
        return EST_OK;
    pthread_mutex_lock(&m->stage.in[0].lock);
    est_status st = est__grow(&m->noted, &m->capacity, (m->notes + 1) * count, sizeof *m->noted);
    if (st == EST_OK)
        memcpy(m->noted + m->notes++ * count, m->given, count * sizeof *m->noted);
    pthread_mutex_unlock(&m->stage.in[0].lock);
    return st;
}

/* Up to the end of what was made together with row rows - 1. */
static int64_t known_for(est__mix *m, int64_t rows)
{
    pthread_mutex_lock(&m->stage.in[0].lock);
    int64_t reached = m->reached;
    pthread_mutex_unlock(&m->stage.in[0].lock);
    if (rows >= reached)
        return reached;
    rows += (MADE - rows % MADE) % MADE;
    return rows < reached ? rows : reached;
}

/* Had the input ended when the last of `rows` rows was made? */
static bool has_ended(est__mix *m, int input, int64_t rows)
{
    int64_t known = rows == INT64_MAX ? rows : known_for(m, rows);
    pthread_mutex_lock(&m->stage.in[0].lock);
    bool ended = m->ended_at[input] < known;
    pthread_mutex_unlock(&m->stage.in[0].lock);
    return ended;
}

/* What was given of an input up to the last note before row `rows`; everything, where it has ended. */
static int64_t needs(est__stage *stage, int input, int64_t rows)
{
    est__mix *m = (est__mix *)stage;
    if (!rows)
        return 0;
    if (rows == INT64_MAX || has_ended(m, input, rows))
        return INT64_MAX;
    size_t at = (size_t)((rows - 1) / NOTED);
    pthread_mutex_lock(&m->stage.in[0].lock);
    int64_t given = at < m->notes ? m->noted[at * (size_t)m->stage.count + (size_t)input] : 0;
    pthread_mutex_unlock(&m->stage.in[0].lock);
    return given;
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
            end_input(m, input);
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
    row -= row % MADE;
    while (next_note(m) < row) {
        EST_TRY(play_to(m, next_note(m)));
        EST_TRY(note(m));
    }
    EST_TRY(play_to(m, row));
    stage->first = row;
    return EST_OK;
}

static est_status fill(est__stage *stage)
{
    est__mix *m = (est__mix *)stage;
    est__table *out = stage->out;
    EST_TRY(note(m));
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
            end_input(m, input);
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

/* Before anything was read. */
static void forget(est__mix *m)
{
    m->reached = 0;
    for (int i = 0; i < m->stage.count; i++)
        m->ended_at[i] = INT64_MAX;
    start_again(m);
}

est_status est__mix_init(est__mix *m)
{
    m->stage.fill = fill;
    m->stage.go = go;
    m->stage.needs = needs;
    m->given = est__calloc((size_t)m->stage.count, sizeof *m->given);
    m->ended_at = est__calloc((size_t)m->stage.count, sizeof *m->ended_at);
    if (!m->given || !m->ended_at)
        return est__fail_memory((size_t)m->stage.count * sizeof *m->given);
    forget(m);
    return EST_OK;
}

void est__mix_free(void *mix)
{
    est__mix *m = mix;
    if (m) {
        est__free(m->given);
        est__free(m->ended_at);
        est__free(m->noted);
    }
    est__stage_free(m);
}

static est_status whole(void *stage, const est__table **out)
{
    est__mix *m = stage;
    forget(m);                /* as the readers will have */
    return est__stage_whole(stage, out);
}

/* ---- places: the ends, and how far they are known ---- */

static void save(void *stage, int64_t rows, est__buffer *out)
{
    est__mix *m = stage;
    est__stage_save(stage, rows, out);
    est__buffer_varint(out, (uint64_t)known_for(m, rows));
    for (int i = 0; i < m->stage.count; i++) {
        est__reader *r = &m->stage.in[i];
        est__buffer_varint(out, r->whole || has_ended(m, i, rows) ? (uint64_t)est__reader_end(r) + 1 : 0);
    }
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
        m->ended_at[i] = end ? -1 : INT64_MAX;   /* before any row that is asked for from now on */
    }
    m->reached = (int64_t)reached;
    m->stage.lost = true;
    start_again(m);
    return EST_OK;
}

const est__rows_kind est__mix_rows = { .whole = whole, .next = est__stage_next, .seek = est__stage_seek, .save = save,
                                       .restore = restore };
