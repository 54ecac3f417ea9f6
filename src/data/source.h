/* How the room is built inside: columns of flat memory, the kinds of sources, and the dataset that chains the stages. */
#ifndef EST_DATA_SOURCE_H
#define EST_DATA_SOURCE_H

#include "data/data.h"

/* ---- columns of flat memory (table.c) ---- */

/* Short texts are copied 16 bytes at a time, so that every buffer of text has this much room after its end. */
enum { EST__TEXT_SLACK = 16 };

typedef struct est__column {
    est_dtype dtype;
    int64_t elements;       /* of one row */
    size_t row_size;        /* bytes of one row in `data`; 0 for strings */
    size_t capacity;        /* elements that `data` can hold */
    void *data;             /* the elements; for strings int64 offsets into `bytes`, one more than elements */
    char *bytes;
    size_t bytes_capacity;  /* without the slack */
    /* Of variable length: row r holds the elements from splits[r] up to splits[r + 1], `elements` and row_size are 0. NULL: dense. */
    int64_t *splits;
    size_t splits_capacity;
} est__column;

typedef struct est__table {
    int64_t rows;
    int count;
    est__column *column;
} est__table;

est_status est__table_init(est__table *t, est_features_spec features);
void est__table_free(est__table *t);
/* Room for `rows` rows in each column; the elements of one of variable length are for its writer to make room for. */
est_status est__table_reserve(est__table *t, int64_t rows);
/* Appends rows of a table of the same columns. */
est_status est__table_append(est__table *t, const est__table *from, int64_t first, int64_t count);
est_status est__table_gather(est__table *t, const est__table *from, const int64_t *index, int64_t count);
size_t est__table_bytes(const est__table *t);   /* that its rows take up */

est_status est__column_reserve(est__column *c, size_t elements);
est_status est__column_reserve_rows(est__column *c, size_t rows);   /* of variable length: its row offsets */
est_status est__column_reserve_bytes(est__column *c, size_t bytes);
/* The column becomes the elements of a tensor. */
est_status est__column_set(est__column *c, const est_tensor *value);
/* The rows of one of variable length: from offsets that begin with 0, or `each` elements a row. */
est_status est__column_split(est__column *c, const int64_t *offsets, int64_t rows);
est_status est__column_split_evenly(est__column *c, int64_t rows, int64_t each);
/* Are these offsets of `rows` rows over `elements` elements? */
est_status est__offsets_check(const char *feature, const est_tensor *offsets, int64_t elements);

static inline int64_t *est__column_offsets(const est__column *c)
{
    return c->data;
}

/* How many elements stand before row `row`. */
static inline int64_t est__column_at(const est__column *c, int64_t row)
{
    return c->splits ? c->splits[row] : row * c->elements;
}

static inline void est__copy_text(char *to, const char *from, size_t n)
{
    if (n <= EST__TEXT_SLACK)
        memcpy(to, from, EST__TEXT_SLACK);
    else
        memcpy(to, from, n);
}

/* ---- batches (batch.c) ---- */

struct est__batch_room {
    est__table table;
    int64_t *set;           /* rows that est_batch_set gave for a feature; -1: not set */
};

void est__batch_clear(est_batch *b);
/* Shows what its table holds through the tensors. */
void est__batch_seal(est_batch *b);

/* ---- kinds of sources ---- */

/* A source that is read by rows (rows.c shuffles, repeats and batches them). It gives tables: all rows in one that stays,
 * or one table after the other. */
typedef struct est__rows_kind {
    /* *out: the table of all rows; NULL: too many, they come by `next`. Called when a run starts. */
    est_status (*whole)(void *source, const est__table **out);
    /* The rows after those that seek or next gave last, lent until the next call; OUT_OF_RANGE after the last. */
    est_status (*next)(void *source, const est__table **out);
    /* The rows from number `row` on: *out from its row *at. OUT_OF_RANGE when there is no such row. An epoch starts with row 0. */
    est_status (*seek)(void *source, int64_t row, const est__table **out, int64_t *at);
    /* What leads quickly to the rows before number `rows`, all of which were given (INT64_MAX: so was every row, and the end was
     * met), as part of a saved place. It says no more than that, so that it does not depend on what reading ahead has learnt.
     * `rows` is 0 for a source whose rows are all in one table. Called while another thread reads. */
    void (*save)(void *source, int64_t rows, est__buffer *out);
    est_status (*restore)(void *source, est__cursor *in);
    /* Told how many rows were read of the table of all; NULL: need not know. */
    void (*read)(void *source, int64_t rows);
} est__rows_kind;

typedef struct est__source_kind {
    const char *name;
    const est__rows_kind *rows;   /* NULL: gives batches itself */
    est_status (*start)(est_dataset *d);
    est_status (*read)(est_dataset *d, est_batch *b);
    void (*window)(est_dataset *d, int64_t batches);
    est_status (*save)(est_dataset *d, int64_t batches, est__buffer *out);
    est_status (*restore)(est_dataset *d, est__cursor *in);
    est_status (*check)(const est_dataset *d);               /* may these stages follow? */
    est_status (*fingerprint)(const est_dataset *d, uint64_t *out);
    int64_t (*skipped)(const est_dataset *d);
    void (*free)(void *source);
} est__source_kind;

/* Around a user's callback: before it, and what its failure becomes; what it left in the error text is then its own. */
void est__callback_begins(void);
est_status est__callback_failed(est_status st, const char *what);
/* Seals a batch once all features are set; `unit` and `number` say which it is. */
est_status est__callback_set_all(est_batch *b, const char *unit, int64_t number);

extern const est__source_kind est__source_memory, est__source_callback;

/* ---- reading a source of rows from any row on (reader.c) ---- */

typedef struct est__reader {
    const est__rows_kind *kind;
    void *source;
    const est__table *whole;  /* all rows; NULL: the source streams */
    const est__table *table;  /* where the next row lies; NULL: it must be sought */
    int64_t at, row;          /* the next row: in the table, and its number */
    int64_t low;              /* where in the table the source's own rows begin */
    int64_t end;              /* how many rows there are; -1: not known yet. Under `lock` while streaming */
    pthread_mutex_t lock;
} est__reader;

void est__reader_init(est__reader *r);
void est__reader_free(est__reader *r);
/* Starts at row 0, with all that was learnt of the source forgotten. */
est_status est__reader_open(est__reader *r, const est__rows_kind *kind, void *source);
/* Row `row` is the next; it is looked for when it is needed. */
void est__reader_go(est__reader *r, int64_t row);
/* Makes sure that the next row lies at `at` in `table`; OUT_OF_RANGE when there is none. */
est_status est__reader_more(est__reader *r);
est_status est__reader_seek(est__reader *r, int64_t row, const est__table **out, int64_t *at);
/* `end`, for other threads than the one that reads. */
int64_t est__reader_end(est__reader *r);
void est__reader_set_end(est__reader *r, int64_t end);

static inline void est__reader_pass(est__reader *r, int64_t rows)
{
    r->at += rows;
    r->row += rows;
}

/* The last of `count` points that does not lie behind `row`; NULL: all do. Points are structs of `size` bytes that begin with an
 * int64 row number, and rise by it. */
const void *est__point_before(const void *points, size_t count, size_t size, int64_t row);

/* ---- shuffle (shuffle.c) ---- */

/* Rows that wait to be drawn, each in one piece of memory: numbers, lengths of texts, texts. */
typedef struct est__slots {
    char **record;
    uint32_t *capacity;
    int64_t count;
    size_t fixed;             /* bytes before the texts */
} est__slots;

/* TensorFlow's shuffle: a buffer of rows, one drawn at random, the next row put in its place. The order is a function of
 * (seed, epoch, draws) alone. */
typedef struct est__shuffle {
    est__random random;
    int64_t *buffer;          /* row numbers, or numbers of slots */
    size_t capacity;
    int64_t count;
    est__slots slots;
} est__shuffle;

void est__shuffle_seed(est__shuffle *s, uint64_t seed, uint64_t epoch);
est_status est__shuffle_push(est__shuffle *s, int64_t value);
/* Which of the rows leaves next; the caller then calls one of the two. */
static inline int64_t est__shuffle_draw(est__shuffle *s)
{
    return (int64_t)est__random_below(&s->random, (uint64_t)s->count);
}
static inline void est__shuffle_shrink(est__shuffle *s, int64_t drawn)
{
    s->buffer[drawn] = s->buffer[--s->count];
}
void est__shuffle_free(est__shuffle *s);

void est__slots_free(est__slots *s);
est_status est__slots_put(est__slots *s, int64_t slot, const est__table *from, int64_t row);
est_status est__slots_give(const est__slots *s, int64_t slot, est__table *to);   /* appended */

/* ---- shuffle, repeat and batch over a source of rows (rows.c) ---- */

typedef struct est__rows {
    est__reader in;
    int64_t epoch, next;      /* the row that the source gives next in this epoch */
    bool over;                /* the last epoch has been given */
    bool drained;             /* streaming: the source has no more rows in this epoch */
    est__shuffle shuffle;
} est__rows;

est_status est__rows_start(est_dataset *d);
est_status est__rows_read(est_dataset *d, est_batch *b);
est_status est__rows_save(est_dataset *d, int64_t batches, est__buffer *out);
est_status est__rows_restore(est_dataset *d, est__cursor *in);

/* ---- the dataset (dataset.c) ---- */

struct est_dataset {
    est__arena arena;
    est_feature *feature;
    int features, label;
    const est__source_kind *kind;
    void *source;

    int stage;                /* the last one that was added */
    int64_t buffer_size;      /* 0: no shuffle */
    uint64_t shuffle_seed;
    bool same_each_epoch;
    int64_t epochs;
    int64_t batch_size;       /* 0: none given */
    bool drop_remainder;
    int64_t ahead;
    bool endless;             /* its rows have no end, even in one epoch */
    est__error error;         /* of the builders */

    bool started;
    uint64_t seed, fingerprint;
    int64_t pass;             /* of est__dataset_start_pass */
    int64_t batches;          /* read since the beginning */
    est__rows rows;
    est_batch *own;           /* of est_dataset_next */
};

/* A dataset of these features over a source, which it takes even when it fails. */
est_status est__dataset_new(est_features_spec features, int label, const est__source_kind *kind, void *source,
                            est_dataset **out);
/* The first error sticks; OK is none. */
void est__dataset_spoil(est_dataset *d, est_status st);
const char *est__dataset_last_stage(const est_dataset *d);
/* Does it end with batches that stages made? And: it gives batches from the start on. */
bool est__dataset_batched(const est_dataset *d);
void est__dataset_set_batched(est_dataset *d, int64_t ahead);
/* Checks of a feature's dtype and shape that hold for all sources. */
est_status est__feature_check(const est_feature *f, size_t index);

#endif
