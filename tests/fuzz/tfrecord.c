/* Any bytes as a file of records, plain or compressed. */
#include "fuzz/fuzz.h"

#include "formats/tfrecord.h"

enum { MOST = 1 << 20 };   /* of a record */

EST_FUZZ(tfrecord)
{
    est__tfrecord_reader *r;
    est__bytes record;
    if (est__tfrecord_open_memory(data, size, "input", MOST, &r) != EST_OK)
        return 0;
    int64_t second = 0;
    while (est__tfrecord_next(r, &record) == EST_OK)
        if (est__tfrecord_number(r) == 1)
            second = est__tfrecord_offset(r);
    if (est__tfrecord_seek(r, second, 1) == EST_OK)
        (void)est__tfrecord_next(r, &record);
    est__tfrecord_close(r);
    return 0;
}
