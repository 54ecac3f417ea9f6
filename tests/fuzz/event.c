/* Any bytes as an event file, as they are and with checksums made to fit. Covers src/formats/event.c. */
#include "formats/event.h"

#include "fuzz/dataset.h"
#include "fuzz/frames.h"
#include "fuzz/fuzz.h"

static void read_all(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);
    est__event_reader *r;
    est__event_scalar scalar;
    double sum = 0;
    if (!path || est__event_open(path, &r) != EST_OK)
        return;
    while (est__event_next_scalar(r, &scalar) == EST_OK)
        sum += scalar.value + (double)strlen(scalar.tag);
    (void)sum;
    (void)est__event_torn(r);
    est__event_close(r);
    (void)est__event_open("/proc/self/fd/none", &r);
    est__event_close(r);
}

EST_FUZZ(event)
{
    uint8_t *file = fuzz_mend_frames(data, size);
    read_all(data, size);
    if (file)
        read_all(file, size);
    free(file);
    return 0;
}
