/* JSON lines as a format of files. */
#ifndef EST_DATA_JSONL_H
#define EST_DATA_JSONL_H

#include "data/files.h"
#include "data/wanted.h"

/* Writes objects into the rows of a table. One a thread. */
typedef struct est__json_reader est__json_reader;
est_status est__json_reader_new(const est__selection *s, est__json_reader **out);
void est__json_reader_free(est__json_reader *r);
void est__json_parse(est__json_reader *r, est__block *b, bool skip);
/* *there: the object on this line has such a key. */
est_status est__json_has(const char *line, size_t n, const char *key, bool *there);

#endif
