/* The public reader of TFRecord files, over the library's own. */
#include <estimator/records.h>

#include "formats/tfrecord.h"

est_status est_record_reader_open(const char *path, est_record_reader **out)
{
    est__tfrecord_reader *r = NULL;
    est_status st = est__tfrecord_open(path, 0, &r);
    *out = (est_record_reader *)r;
    return st;
}

void est_record_reader_free(est_record_reader *r)
{
    if (r)
        est__tfrecord_close((est__tfrecord_reader *)r);
}

est_status est_record_reader_next(est_record_reader *r, const void **data, size_t *size)
{
    est__bytes record = { 0 };
    est_status st = est__tfrecord_next((est__tfrecord_reader *)r, &record);
    *data = record.p;
    *size = record.n;
    return st;
}
