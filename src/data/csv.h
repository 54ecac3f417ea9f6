/* The parts of the CSV reader: blocks of whole rows are cut from the files (csv_blocks.c), parsed into tables (csv_parse.c),
 * by several threads where it pays (csv_pipe.c), and given in the order of the files (csv.c). */
#ifndef EST_DATA_CSV_H
#define EST_DATA_CSV_H

#include <csv.h>
#include <zlib.h>

#include "data/source.h"

enum {
    EST__CSV_BLOCK = 1 << 20,        /* bytes that are parsed at a time */
    EST__CSV_ROW_LIMIT = 16 << 20    /* bytes of one row */
};

/* One column of the file, and where its fields go. */
typedef struct est__csv_field {
    const char *name;
    int column;                /* of the table; -1: not read */
    int element;               /* within the table's row: labels that are joined */
    est_dtype dtype;
    float default_float;
    int64_t default_int;
    const char *default_text;
    size_t default_length;
} est__csv_field;

typedef struct est__csv_format {
    char delimiter;
    bool quotes, header, skip;
    bool names_given;          /* the header's own names do not matter */
    const char *na;
    size_t na_length;
    est__csv_field *field;
    int fields;
    est_features_spec features;
    char *const *path;
    int paths;
} est__csv_format;

/* Whole rows of one file and what became of them. */
typedef struct est__csv_block {
    int file;
    uint64_t offset;           /* in the (inflated) file */
    char *text;                /* ends with a line feed of our own, and has slack after it */
    size_t size, capacity;
    bool end;                  /* there are no more blocks */
    bool last;                 /* of its file */

    est__table table;
    int64_t lines, skipped;
    est__error error;          /* the first one; with `fatal` nothing comes after the table's rows */
    int64_t error_line;        /* counted from the block's start; -1: the error has no line */
    bool fatal;
} est__csv_block;

void est__csv_block_free(est__csv_block *b);

/* ---- cutting (csv_blocks.c) ---- */
typedef struct est__csv_reader {
    const est__csv_format *format;
    int file;
    gzFile stream;             /* NULL: `file` is not open yet */
    uint64_t offset;           /* of the text that is carried over to the next block */
    char *carry;
    size_t carried, capacity;
} est__csv_reader;

est_status est__csv_read(est__csv_reader *r, est__csv_block *b);
est_status est__csv_reader_go(est__csv_reader *r, int file, uint64_t offset);
void est__csv_reader_close(est__csv_reader *r);
/* The end of the last whole row in a text that starts at a row; 0: there is none. */
size_t est__csv_cut(const char *text, size_t size, char delimiter, bool quotes);

/* ---- parsing (csv_parse.c) ---- */
typedef struct est__csv_parser est__csv_parser;
est_status est__csv_parser_new(const est__csv_format *format, est__csv_parser **out);
void est__csv_parser_free(est__csv_parser *p);
/* Fills the block's table; errors lie in the block. `through_libcsv`: also where nothing is quoted (for tests). */
void est__csv_parse(est__csv_parser *p, est__csv_block *b, bool through_libcsv);
/* The names in the first row of a file's first block. */
est_status est__csv_header(const est__csv_format *format, const est__csv_block *b, est__arena *arena,
                           const char ***names, int *count);

/* ---- columns (csv_columns.c) ---- */
/* Matches the options with the names in the header: the format's fields and features, and which feature is the label. */
est_status est__csv_choose(const est_csv_options *o, const char *const *header, int count, est__csv_format *f,
                           est__arena *arena, int *label);

/* ---- several threads (csv_pipe.c) ---- */
typedef struct est__csv_pipe est__csv_pipe;
est_status est__csv_pipe_new(const est__csv_format *format, int threads, est__csv_pipe **out);
void est__csv_pipe_free(est__csv_pipe *p);
/* The first block's text, not yet parsed, so that the header can be read. Only before anything else. */
est_status est__csv_pipe_peek(est__csv_pipe *p, const est__csv_block **out);
est_status est__csv_pipe_go(est__csv_pipe *p, int file, uint64_t offset);
/* The next block, parsed; lent until the next call of the pipe. */
est_status est__csv_pipe_next(est__csv_pipe *p, const est__csv_block **out);

#endif
