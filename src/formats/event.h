/* TensorBoard event files: scalars, histograms, graphs and session logs by step. */
#ifndef EST_FORMATS_EVENT_H
#define EST_FORMATS_EVENT_H

#include <estimator/tensor.h>

#include "base/base.h"
#include "proto/event.pb-c.h"

/* ---- writing: one thread at a time. Events gather in memory until est__event_flush. ---- */
typedef struct est__event_writer est__event_writer;

/* Begins <dir>/events.out.tfevents.<seconds>.<host>, or goes on in it when it is there. Makes the folder. */
est_status est__event_writer_new(const char *dir, est__event_writer **out);
/* The same; `append`: goes on in the newest file of the folder where there is one. */
est_status est__event_writer_in(const char *dir, bool append, est__event_writer **out);
/* Goes on in a file: what follows its last whole record is cut off first. */
est_status est__event_writer_append(const char *path, est__event_writer **out);
/* A file that reaches `file_bytes` is ended with the flush that does, and another one begun; the oldest files of the folder are removed when
 * all of them hold more than `total_bytes`. Below 1: no limit, as after _append; after _new there are the ones below. */
enum { EST__EVENT_FILE_BYTES = 128 << 20, EST__EVENT_TOTAL_BYTES = 1 << 30 };
void est__event_limit(est__event_writer *w, int64_t file_bytes, int64_t total_bytes);
const char *est__event_writer_path(const est__event_writer *w);
void est__event_writer_free(est__event_writer *w);  /* without a flush; NULL is fine */

typedef struct est__scalar {
    const char *tag;
    double value;          /* written as a float */
} est__scalar;

/* One event with these scalars, in order (TensorFlow: Summary.Value.simple_value). */
est_status est__event_scalars(est__event_writer *w, int64_t step, const est__scalar *scalars, size_t count);
/* The distribution of a tensor of numbers, in TensorFlow's buckets. INVALID_ARGUMENT when it holds NaN or
 * infinity. */
est_status est__event_histogram(est__event_writer *w, int64_t step, const char *tag,
                                const est_tensor *values);
/* A string tensor of one element (tf.estimator's `checkpoint_path`). */
est_status est__event_text(est__event_writer *w, int64_t step, const char *tag, const char *text);
/* `there`: an older file of the folder holds that graph already; it is kept until that file is removed. */
est_status est__event_graph(est__event_writer *w, int64_t step, const void *graph_def, size_t size, bool there);
est_status est__event_meta_graph(est__event_writer *w, int64_t step, const void *meta_graph_def, size_t size);
/* `status`: TENSORFLOW__SESSION_LOG__SESSION_STATUS__START, …__STOP, …__CHECKPOINT; `checkpoint_path` may be
 * NULL. */
est_status est__event_session_log(est__event_writer *w, int64_t step,
                                  Tensorflow__SessionLog__SessionStatus status, const char *checkpoint_path);

/* Writes what has gathered. After a failure (a full disk) the file ends with a whole record still; the events
 * are dropped. */
est_status est__event_flush(est__event_writer *w);

/* ---- reading ---- */
typedef struct est__event_reader est__event_reader;

/* A record of the file as it stands; a torn end, as of a file that is being written, counts as its end. */
est_status est__event_open(const char *path, est__event_reader **out);
/* The next event, lent until the next call; OUT_OF_RANGE at the end. */
est_status est__event_next(est__event_reader *r, const Tensorflow__Event **event);
/* The next scalar, a simple_value or a tensor without dimensions; `tag` is lent until the next call. Passes over other events.
 * OUT_OF_RANGE at the end. */
typedef struct est__event_scalar {
    double wall_time;
    int64_t step;
    const char *tag;
    float value;
} est__event_scalar;
est_status est__event_next_scalar(est__event_reader *r, est__event_scalar *out);
bool est__event_torn(const est__event_reader *r);   /* at the end: was a part of a record left over? */
void est__event_close(est__event_reader *r);
/* Calls `each` for the scalars of a file, or of all event files right in a folder, by their names. The rest of a file that is damaged or
 * just being written is passed over with a warning. What `each` returns but EST_OK ends it. Errors: NOT_FOUND, the file system's. */
est_status est__event_walk(const char *path, est_status (*each)(void *user, const est__event_scalar *s), void *user);

/* A histogram over TensorFlow's default buckets. */
typedef struct est__histogram {
    double min, max, num, sum, sum_squares;
    double *limits, *counts;   /* runs of empty buckets are merged */
    size_t count;
} est__histogram;
/* Whatever comes back, est__histogram_free. */
est_status est__histogram_of(const est_tensor *values, est__histogram *out);
void est__histogram_free(est__histogram *h);

#endif
