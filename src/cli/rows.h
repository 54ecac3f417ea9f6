/* Rows of a file, a batch at a time, as the inputs of a signature. */
#ifndef EST_CLI_ROWS_H
#define EST_CLI_ROWS_H

#include "cli/cli.h"

enum { ROWS_IN_BATCH = 256 };

/* One input of the batch that is being filled. */
typedef struct rows_column {
    const est_tensor_info *info;
    est_tensor tensor;        /* a view of the memory below */
    char *data, *bytes;
    size_t size, capacity, bytes_size, bytes_capacity;
    bool has_shape;           /* tensor.shape holds the shape of a row, after the batch dimension */
} rows_column;

typedef struct rows rows;
struct rows {
    const char *path;
    const est_signature *signature;
    rows_column *columns;
    const est_tensor **inputs;
    int64_t (*next)(rows *r);         /* as rows_next */
    void (*close)(rows *r);
    void *state;              /* of the kind of file */
    long long line;           /* that was read last */
};

rows *rows_open(const char *path, const est_signature *signature);    /* NULL: a failure that was printed */
/* The next batch, in r->inputs, lent until the next call. Its number of rows; 0: the end; -1: a failure that was printed. */
int64_t rows_next(rows *r);
void rows_close(rows *r);

/* The kinds of files; false: a failure that was printed. */
bool rows_open_json(rows *r);         /* rows_json.c */
bool rows_open_csv(rows *r);          /* rows_table.c */
bool rows_open_records(rows *r);

bool rows_add_bytes(rows_column *c, const void *p, size_t n);         /* a number, as it lies in memory; false: no memory */
bool rows_add_string(rows_column *c, const char *s, size_t n);
bool rows_clear(rows_column *c);
void rows_finish(rows_column *c, int64_t count);                      /* makes `tensor` a view of so many rows */

#endif
