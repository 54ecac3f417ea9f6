/* Rows of several inputs by turns (mix.c): whose turn it is follows from the number of the row and from where inputs end, so that
 * any row is found again without reading; interleave.c and sample.c say whose turn it is. */
#ifndef EST_DATA_MIX_H
#define EST_DATA_MIX_H

#include "data/stages.h"

typedef struct est__mix est__mix;
struct est__mix {
    est__stage stage;
    int64_t row;              /* the next one to be given a turn */
    int64_t *given;           /* rows of each input before it */
    /* What reading has learnt, under the lock of in[0]. */
    int64_t reached;          /* up to this row the ends of the inputs are known */
    int64_t *ended_at;        /* the row whose turn it was when an input was found to have ended; INT64_MAX: it was not */
    int64_t *noted;           /* `given` before each row whose number is a multiple of NOTED */
    size_t notes, capacity;
    /* Before the first row. */
    void (*reset)(est__mix *m);
    /* Whose turn it is, and for how many rows at most; -1: all have ended. */
    int (*turn)(est__mix *m, int64_t *rows);
    /* It had no row left. */
    void (*ended)(est__mix *m, int input);
    /* It gave rows. */
    void (*took)(est__mix *m, int input, int64_t rows);
    /* Takes many turns at once, not beyond `row`; NULL: cannot. */
    void (*jump)(est__mix *m, int64_t row);
};

est_status est__mix_init(est__mix *m);
void est__mix_free(void *mix);
extern const est__rows_kind est__mix_rows;

/* How many rows input `i` has left; INT64_MAX: its end is not known. */
static inline int64_t est__mix_left(const est__mix *m, int i)
{
    int64_t end = m->stage.in[i].end;
    return end < 0 ? INT64_MAX : end > m->given[i] ? end - m->given[i] : 0;
}

#endif
