/* A file that replaces another as a whole, plain or compressed on its way. */
#include <zlib.h>

#include "base/base.h"

enum { CHUNK = 64 * 1024, MEMORY_LEVEL = 9 };

struct est__output {
    est__file *file;
    bool deflating;
    z_stream z;
    size_t held;                 /* plain bytes that wait in `chunk` */
    unsigned char chunk[CHUNK];
};

static void *z_allocate(void *unused, uInt count, uInt size)
{
    (void)unused;
    return est__calloc(count, size);
}

static void z_release(void *unused, void *p)
{
    (void)unused;
    est__free(p);
}

est_status est__output_new(const char *path, est__compression compression, est__output **out)
{
    est__output *o = *out = est__calloc(1, sizeof *o);
    if (!o)
        return est__fail_memory(sizeof *o);
    est_status st = est__file_replace(path, &o->file);
    if (st == EST_OK && compression != EST__UNCOMPRESSED) {
        o->z = (z_stream){ .zalloc = z_allocate, .zfree = z_release };
        int bits = compression == EST__GZIP ? 15 + 16 : 15;
        if (deflateInit2(&o->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, bits, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) ==
            Z_OK)
            o->deflating = true;
        else
            st = est__fail_memory(sizeof o->z);
    }
    if (st != EST_OK) {
        est__output_abandon(o);
        *out = NULL;
    }
    return st;
}

static est_status put_deflated(est__output *o, const unsigned char *p, size_t n, int flush)
{
    do {
        uInt step = n < (1u << 30) ? (uInt)n : 1u << 30;
        o->z.next_in = (Bytef *)(uintptr_t)p;
        o->z.avail_in = step;
        do {
            o->z.next_out = o->chunk;
            o->z.avail_out = CHUNK;
            deflate(&o->z, n == step ? flush : Z_NO_FLUSH);
            EST_TRY(est__file_write(o->file, o->chunk, CHUNK - o->z.avail_out));
        } while (o->z.avail_out == 0);
        p += step;
        n -= step;
    } while (n);
    return EST_OK;
}

static est_status put_held(est__output *o)
{
    size_t n = o->held;
    o->held = 0;
    return n ? est__file_write(o->file, o->chunk, n) : EST_OK;
}

est_status est__output_write(est__output *o, const void *data, size_t n)
{
    if (o->deflating)
        return n ? put_deflated(o, data, n, Z_NO_FLUSH) : EST_OK;
    if (n > CHUNK - o->held)
        EST_TRY(put_held(o));
    if (n > CHUNK)
        return est__file_write(o->file, data, n);
    memcpy(o->chunk + o->held, data, n);
    o->held += n;
    return EST_OK;
}

est_status est__output_commit(est__output *o)
{
    est_status st = o->deflating ? put_deflated(o, (const unsigned char *)"", 0, Z_FINISH) : put_held(o);
    if (st == EST_OK) {
        st = est__file_commit(o->file);
        o->file = NULL;
    }
    est__output_abandon(o);
    return st;
}

void est__output_abandon(est__output *o)
{
    if (!o)
        return;
    if (o->deflating)
        deflateEnd(&o->z);
    est__file_abandon(o->file);
    est__free(o);
}
