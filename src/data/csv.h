/* CSV as a format of files: which columns are read (csv_columns.c), where a block of rows can be cut (csv.c), and how it
 * becomes a table (csv_parse.c). */
#ifndef EST_DATA_CSV_H
#define EST_DATA_CSV_H

#include <csv.h>

#include "data/files.h"

enum { EST__CSV_ROW_LIMIT = 16 << 20 };   /* bytes of one row */

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
    char multivalent;          /* between the values of one field; '\0': none */
    bool quotes, header;
    bool names_given;          /* the header's own names do not matter */
    const char *na;
    size_t na_length;
    est__csv_field *field;
    int fields;
    est_features_spec features;
    char *const *path;
    int paths;
} est__csv_format;

/* ---- cutting (csv.c) ---- */
/* The end of the last whole row in a text that starts at a row; 0: there is none. */
size_t est__csv_cut(const char *text, size_t size, char delimiter, bool quotes);

/* ---- parsing (csv_parse.c) ---- */
typedef struct est__csv_parser est__csv_parser;
est_status est__csv_parser_new(const est__csv_format *format, est__csv_parser **out);
void est__csv_parser_free(est__csv_parser *p);
/* Fills the table of a block that was begun; errors lie in the block. `through_libcsv`: also where nothing is quoted (for tests). */
void est__csv_parse(est__csv_parser *p, est__block *b, bool skip, bool through_libcsv);
/* The names in the first row of a file's first block. */
est_status est__csv_header(const est__csv_format *format, const est__block *b, est__arena *arena,
                           const char ***names, int *count);

/* ---- columns (csv_columns.c) ---- */
/* Matches the options with the names in the header: the format's fields and features, and which feature is the label. */
est_status est__csv_choose(const est_csv_options *o, const char *const *header, int count, est__csv_format *f,
                           est__arena *arena, int *label);

#endif
