/* The contents of tests/golden/formats, written by the library: what tests/golden/make_formats.py writes with
 * TensorFlow. */
#ifndef EST_TESTS_FORMATS_SAMPLES_H
#define EST_TESTS_FORMATS_SAMPLES_H

#include "formats/tfrecord.h"

est_status sample_checkpoint(const char *prefix);
est_status sample_many(const char *prefix);                 /* an index of several blocks */
est_status sample_records(const char *path, est__compression compression);
est_status sample_example(int i, est__buffer *out);         /* 0, 1, 2 */
est_status sample_events(const char *dir, char *path, size_t size);

#endif
