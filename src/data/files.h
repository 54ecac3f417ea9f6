/* Files of records of any format as a source of rows: blocks of whole records are cut from the files (blocks.c), parsed into
 * tables by several threads where it pays (pipe.c), and given in the order of the files (files.c). A format says where a
 * record ends and what it holds. */
#ifndef EST_DATA_FILES_H
#define EST_DATA_FILES_H

#include "data/source.h"
#include "formats/stream.h"

enum { EST__BLOCK = 1 << 18 };   /* bytes that are parsed at a time, so that their rows stay in cache; more where a record is longer */
#define EST__NO_RECORDS SIZE_MAX

/* Whole records of one file and what became of them. */
typedef struct est__block {
    int file;
    uint64_t offset;           /* in the (inflated) file */
    char *text;                /* ends with a line feed of our own, and has slack after it */
    size_t size, capacity;
    bool end;                  /* there are no more blocks */
    bool last;                 /* of its file */

    est__table table;
    int64_t lines, skipped;    /* records or lines of text; rows that were left out */
    est__error error;          /* the first one; with `fatal` nothing comes after the table's rows */
    int64_t error_line;        /* counted from the block's start; -1: the error has no line */
    bool fatal;
    est__error damage;         /* why the file cannot be read beyond this block */
} est__block;

void est__block_free(est__block *b);
/* Before a block is parsed: no rows, no errors. */
est_status est__block_begin(est__block *b, est_features_spec features);
/* A record that is left out, for the reason that is this thread's error; the first is kept. Unless `skip` it ends the block. */
void est__block_refuse(est__block *b, est_status st, int64_t line, bool skip);

typedef struct est__files est__files;

typedef struct est__file_kind {
    const char *name;          /* in fingerprints */
    const char *wanted;        /* "CSV": for messages */
    const char *empty;         /* "no rows" */
    size_t size;               /* of the struct at `format` */
    bool records;              /* messages count records from 0; else lines of text from 1 */
    size_t record_limit;
    est__detect detect;
    /* The end of the last whole record in a text that starts with one; 0: there is none. EST__NO_RECORDS: where the next one
     * ends cannot be known, so that the file is read no further; parse says why. */
    size_t (*cut)(const void *format, const char *text, size_t size);
    est_status (*too_long)(const void *format);
    est_status (*parser_new)(const void *format, void **out);   /* one a thread, before its first block */
    void (*parse)(void *parser, est__block *b, bool skip);       /* a block that was begun; `skip`: as est__block_refuse has it */
    void (*parser_free)(void *parser);
    uint64_t (*fingerprint)(const void *format);
} est__file_kind;

/* What a format's functions see of the source. */
struct est__files {
    const est__file_kind *kind;
    void *format;              /* zeroed at first */
    est_features_spec features;
    char *const *path;
    int paths;
    bool skip;                 /* bad records are counted and left out */
    size_t block;              /* bytes to parse at a time; EST__BLOCK */
    est__arena arena;
};

typedef struct est__files_options {
    est_strings input_path;    /* files or globs */
    bool skip_errors;
    int num_parallel_reads;    /* 0: as many as is good */
    int64_t memory_budget;     /* 0: 64 MiB; EST_OFF: never in memory */
} est__files_options;

/* Finds the files. */
est_status est__files_new(const est__file_kind *kind, const est__files_options *o, est__files **out);
void est__files_free(est__files *f);
/* The first block, not yet parsed. What says where records end must be set; the rest may follow. */
est_status est__files_peek(est__files *f, const est__block **out);
/* The dataset, which takes f even when this fails. */
est_status est__files_dataset(est__files *f, est_features_spec features, int label, est_dataset **out);

/* ---- cutting (blocks.c) ---- */
typedef struct est__block_reader {
    const est__files *files;
    int file;
    est__stream *stream;       /* NULL: `file` is not open yet */
    uint64_t offset;           /* of the text that is carried over to the next block */
    char *carry;
    size_t carried, capacity;
} est__block_reader;

est_status est__block_read(est__block_reader *r, est__block *b);
est_status est__block_reader_go(est__block_reader *r, int file, uint64_t offset);
void est__block_reader_close(est__block_reader *r);

/* ---- formats whose records are lines (lines.c) ---- */
enum { EST__LINE_LIMIT = 16 << 20 };   /* bytes */
size_t est__cut_lines(const void *format, const char *text, size_t size);
est_status est__line_too_long(const void *format);
/* Calls `parse` for each line, without its end, which makes row t->rows of it, or sets *row to false: it holds none. There are
 * bytes to read after the line. */
typedef est_status (*est__line_parser)(void *parser, est__table *t, const char *line, size_t n, bool *row);
void est__parse_lines(est__block *b, bool skip, est__line_parser parse, void *parser);
/* What a message shows of a text: printable, short. */
typedef struct est__shown { char text[48]; } est__shown;
est__shown est__show(const char *text, size_t n);

/* ---- several threads (pipe.c) ---- */
typedef struct est__pipe est__pipe;
est_status est__pipe_new(const est__files *files, int threads, est__pipe **out);
void est__pipe_free(est__pipe *p);
/* The first block's text, not yet parsed. Only before anything else. */
est_status est__pipe_peek(est__pipe *p, const est__block **out);
est_status est__pipe_go(est__pipe *p, int file, uint64_t offset);
/* The next block, parsed; lent until the next call of the pipe. */
est_status est__pipe_next(est__pipe *p, const est__block **out);

#endif
