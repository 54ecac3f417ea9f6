/* The writer of event files from inside: events gather in event.c and summary.c, files are event_files.c's. */
#ifndef EST_FORMATS_EVENT_WRITER_H
#define EST_FORMATS_EVENT_WRITER_H

#include "formats/event.h"

struct est__event_writer {
    char *path;
    int fd;
    est__buffer records, message;
    int64_t size;                 /* of the file */
    int64_t file_bytes, total_bytes;      /* limits; below 1: none */
    est__buffer once;             /* records that one file of the folder is to hold: the graph, hyper-parameters */
    char *once_path;              /* the file that does; NULL: an older one */
    Tensorflow__Summary__Value *values, **list;   /* of est__event_scalars */
    size_t num_values, num_list;
};

/* One event. `once`: one that goes into a new file when the file that holds it is removed; `there`: an older file has it already. */
est_status est__event_add(est__event_writer *w, Tensorflow__Event *e, int64_t step);
est_status est__event_add_once(est__event_writer *w, Tensorflow__Event *e, int64_t step, bool there);
/* One event with these values. */
est_status est__event_values(est__event_writer *w, int64_t step, Tensorflow__Summary__Value **values, size_t count);

#endif
