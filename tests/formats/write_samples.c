/* write_samples DIR: writes the samples for tests/interop/formats.py, which reads them with TensorFlow. */
#include "formats/samples.h"

static est_status write_all(const char *dir)
{
    static const char *const names[] = { "model.ckpt-7", "many", "examples.tfrecord", "examples.tfrecord.gz",
                                         "examples.tfrecord.z", "events" };
    char *path[6], event[4096];
    for (size_t i = 0; i < 6; i++)
        if (!(path[i] = est__path_join(dir, names[i])))
            return est__fail_memory(strlen(dir));
    EST_TRY(sample_checkpoint(path[0]));
    EST_TRY(sample_many(path[1]));
    EST_TRY(sample_records(path[2], EST__UNCOMPRESSED));
    EST_TRY(sample_records(path[3], EST__GZIP));
    EST_TRY(sample_records(path[4], EST__ZLIB));
    EST_TRY(sample_events(path[5], event, sizeof event));
    for (size_t i = 0; i < 6; i++)
        est__free(path[i]);
    return EST_OK;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: write_samples DIR\n");
        return 2;
    }
    if (write_all(argv[1]) == EST_OK)
        return 0;
    fprintf(stderr, "%s\n", est_error());
    return 1;
}
