/* Any bytes as an event file, as they are and with checksums made to fit. Covers src/formats/event_reader.c. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/event.h"

#include "fuzz/dataset.h"
#include "fuzz/frames.h"
#include "fuzz/fuzz.h"

static est_status add(void *user, const est__event_scalar *s)
{
    *(double *)user += (double)s->value;
    return EST_OK;
}

/* Through a folder, in which the file has the name of an event file. */
static void walk_folder(const char *path, double *sum)
{
    char link[300];
    if (mkdir(fuzz_temporary(), 0700) != 0)
        return;
    snprintf(link, sizeof link, "%s/tfevents.1", fuzz_temporary());
    if (symlink(path, link) == 0)
        (void)est__event_walk(fuzz_temporary(), add, sum);
    unlink(link);
    rmdir(fuzz_temporary());
}

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
    (void)est__event_torn(r);
    est__event_close(r);
    (void)est__event_walk(path, add, &sum);
    walk_folder(path, &sum);
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
