/* TFRecord files of tf.Example and tf.SequenceExample as a format of files: framing (tfrecord.c) and values
 * (example_values.c). */
#ifndef EST_DATA_TFRECORD_H
#define EST_DATA_TFRECORD_H

#include "data/files.h"
#include "data/wanted.h"

/* Writes records into the rows of a table. One a thread. */
typedef struct est__example_reader est__example_reader;
est_status est__example_reader_new(const est__selection *s, est__example_reader **out);
void est__example_reader_free(est__example_reader *r);
/* Row t->rows becomes that of the record; the caller then counts it. The record has slack after it. Errors: DATA_LOSS (no
 * Example), INVALID_ARGUMENT (missing, another kind or number of values); the row is then as if nothing was written. */
est_status est__example_read(est__example_reader *r, est__bytes record, est__table *t);
/* Does the record hold a feature of this name? */
bool est__example_has(est__bytes record, const char *name);

#endif
