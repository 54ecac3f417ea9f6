/* Stages before shuffle: datasets whose rows come from other datasets. Each is a source of rows itself, so that they nest, and
 * each finds any of its rows again from the places that its inputs keep. */
#ifndef EST_DATA_STAGES_H
#define EST_DATA_STAGES_H

#include "data/source.h"

enum { EST__STAGE_ROWS = 4096 };   /* that a stage makes at a time, where it has the choice */

/* The first member of each stage's own struct. */
typedef struct est__stage est__stage;
struct est__stage {
    est_dataset **from;       /* the inputs, and a reader of each */
    est__reader *in;
    int count;
    const est__rows_kind *kind;
    est_features_spec features;   /* that it gives; the dataset's own */
    uint64_t identity;        /* of its arguments, for the fingerprint */

    est__table own, *out;     /* the rows made last; `own`, unless the stage says otherwise */
    int64_t first;            /* the number of the first of them */
    bool lost;                /* the readers do not stand behind these rows */
    /* Makes the rows that follow into `out`, one at least; OUT_OF_RANGE when there are none. */
    est_status (*fill)(est__stage *s);
    /* Goes to a place from where fill comes to row `row`, and sets `first`. */
    est_status (*go)(est__stage *s, int64_t row);
    /* How many rows of an input lead to its own first `rows`, as `save` of est__rows_kind has it; NULL: as many. Called while
     * another thread reads. */
    int64_t (*needs)(est__stage *s, int input, int64_t rows);

    est__table all;           /* every row, where the inputs are small and in memory themselves */
    bool loaded;
};

/* A zeroed struct of `size` bytes that begins with a stage of `count` inputs, yet NULL. */
est_status est__stage_new(size_t size, int count, const est__rows_kind *kind, void *out);
void est__stage_free(void *stage);
void est__stage_identify(est__stage *s, const char *format, ...) EST_PRINTF(2, 3);

/* May a stage of rows follow? Spoils the dataset where not. */
bool est__stage_fits(est_dataset *d, const char *name, bool good, const char *argument, int64_t value);
/* The dataset becomes the first input of the stage, and gives what the stage gives: these features. Takes the stage, even when
 * that fails; the error then sticks to the dataset. The label is the feature that has the label's name. */
est_dataset *est__stage_put(est_dataset *d, est_features_spec features, const est__source_kind *kind, void *stage);
/* The same with a stage that could not be made, where `st` is not OK. */
est_dataset *est__stage_put_if(est_status st, est_dataset *d, const est__source_kind *kind, void *stage);

/* The dataset's epochs become a stage, so that it can be the input of another dataset (repeat.c). */
void est__stage_repeat(est_dataset *d);

/* A stage over datasets of rows, which are taken even when that fails; `name` is for messages (combine.c). *out: may be there
 * in spite of a failure, for est__combine_finish. */
est_status est__combine_new(const char *name, est_dataset *const *datasets, size_t count, size_t size, const est__rows_kind *kind,
                            void *out);
/* Do all inputs have the same features? */
est_status est__combine_alike(const char *name, const est__stage *s);
/* The dataset that gives the stage's rows; takes the stage, and frees it where `st` or what is done here is no success. */
est_status est__combine_finish(est_status st, est_features_spec features, int label, const est__source_kind *kind, void *stage,
                               est_dataset **out);

/* What the kinds have in common. */
est_status est__stage_whole(void *stage, const est__table **out);
est_status est__stage_next(void *stage, const est__table **out);
est_status est__stage_seek(void *stage, int64_t row, const est__table **out, int64_t *at);
void est__stage_save(void *stage, int64_t rows, est__buffer *out);
est_status est__stage_restore(void *stage, est__cursor *in);
est_status est__stage_fingerprint(const est_dataset *d, uint64_t *out);
int64_t est__stage_skipped(const est_dataset *d);
/* Opens the readers; the stage stands before row 0. */
est_status est__stage_open(est__stage *s);
/* All rows into s->all. */
est_status est__stage_load(est__stage *s);

/* Shows the next rows of the first input to a callback; b->rows of them. */
est_status est__stage_show(est__stage *s, est_batch *b);

#define EST__STAGE_SOURCE(stage_name, rows_kind, free_stage)                                                               \
    { .name = stage_name, .rows = rows_kind, .start = est__rows_start, .read = est__rows_read, .save = est__rows_save,     \
      .restore = est__rows_restore, .fingerprint = est__stage_fingerprint, .skipped = est__stage_skipped, .free = free_stage }

/* A stage after est_dataset_batch makes batches of the batches of its input, which runs by itself, and so has its places. */
est_status est__stage_of_batches_check(const est_dataset *d);
est_status est__stage_of_batches_start(est_dataset *d);
void est__stage_of_batches_window(est_dataset *d, int64_t batches);
est_status est__stage_of_batches_save(est_dataset *d, int64_t batches, est__buffer *out);
est_status est__stage_of_batches_restore(est_dataset *d, est__cursor *in);

#define EST__STAGE_OF_BATCHES(stage_name, read_batch, free_stage)                                                          \
    { .name = stage_name, .check = est__stage_of_batches_check, .start = est__stage_of_batches_start, .read = read_batch,  \
      .window = est__stage_of_batches_window, .save = est__stage_of_batches_save,                                          \
      .restore = est__stage_of_batches_restore, .fingerprint = est__stage_fingerprint, .skipped = est__stage_skipped,      \
      .free = free_stage }

#endif
