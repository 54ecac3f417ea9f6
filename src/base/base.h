/* What every room of the library uses: errors, memory, containers, strings, files, threads, random numbers, hashes, log. */
#ifndef EST_BASE_H
#define EST_BASE_H

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <estimator/base.h>
#include <estimator/status.h>

/* ---- errors (error.c): the text is the thread's own ---- */
est_status est__fail(est_status status, const char *format, ...) EST_PRINTF(2, 3);
/* Puts "<place>: " before the text that a callee left. */
est_status est__fail_in(est_status status, const char *format, ...) EST_PRINTF(2, 3);
est_status est__fail_memory(size_t bytes);
void est__error_clear(void);   /* the text becomes empty */
/* "<format>: <strerror(errno)>", with the status that the errno stands for (NOT_FOUND, PERMISSION_DENIED, …). */
est_status est__fail_errno(int error, const char *format, ...) EST_PRINTF(2, 3);
#define EST_TRY(call)                               \
    do {                                            \
        est_status est_try_status_ = (call);        \
        if (est_try_status_ != EST_OK)              \
            return est_try_status_;                 \
    } while (0)
/* An error on its way from one thread to another. */
typedef struct est__error {
    est_status status;
    char text[1024];
} est__error;
void est__error_take(est__error *e, est_status status);   /* keeps this thread's text */
est_status est__error_give(const est__error *e);          /* makes it this thread's error */

/* ---- memory (memory.c): every allocation of the library goes through the allocator of est_set_allocator ---- */
void *est__malloc(size_t size);               /* NULL when there is none left; size 0 gives a valid pointer */
void *est__calloc(size_t count, size_t size); /* checks count*size for overflow */
void *est__realloc(void *p, size_t size);
void *est__malloc_aligned(size_t size);       /* 64-byte aligned; free with est__free_aligned */
void est__free(void *p);
void est__free_aligned(void *p);
char *est__strdup(const char *s);
char *est__strndup(const char *s, size_t n);
/* Grows *p (capacity *cap elements) to hold `need`, doubling. */
est_status est__grow(void *p_to_pointer, size_t *cap, size_t need, size_t element_size);

/* An arena: many small pieces, freed at once. A zeroed struct is an empty arena. */
typedef struct est__arena {
    struct est__arena_block *blocks;
} est__arena;
void *est__arena_alloc(est__arena *a, size_t size);  /* zeroed, 16-byte aligned; NULL when memory ends */
char *est__arena_strdup(est__arena *a, const char *s);
char *est__arena_strndup(est__arena *a, const char *s, size_t n);
char *est__arena_printf(est__arena *a, const char *format, ...) EST_PRINTF(2, 3);
void est__arena_free(est__arena *a);

/* ---- a map from byte strings to pointers (map.c); keys are copied; iteration in insertion order ---- */
typedef struct est__map est__map;
est__map *est__map_new(void);
void est__map_free(est__map *m);
est_status est__map_put(est__map *m, const char *key, size_t length, void *value);
void *est__map_get(const est__map *m, const char *key, size_t length); /* NULL: absent */
size_t est__map_size(const est__map *m);
const char *est__map_key(const est__map *m, size_t i, size_t *length);
void *est__map_value(const est__map *m, size_t i);

/* ---- a growing buffer of bytes (buffer.c); zeroed is empty; the first failure sticks in `status` ---- */
typedef struct est__buffer {
    char *data;      /* always NUL-terminated once anything was written */
    size_t size, capacity;
    est_status status;
} est__buffer;
void est__buffer_bytes(est__buffer *b, const void *p, size_t n);
void est__buffer_text(est__buffer *b, const char *s);
void est__buffer_printf(est__buffer *b, const char *format, ...) EST_PRINTF(2, 3);
void est__buffer_varint(est__buffer *b, uint64_t v);
void est__buffer_u32le(est__buffer *b, uint32_t v);
void est__buffer_u64le(est__buffer *b, uint64_t v);
void est__buffer_json_string(est__buffer *b, const char *s, size_t n); /* quoted and escaped; bytes that are no UTF-8 as they are */
void est__buffer_clear(est__buffer *b);  /* size 0, memory kept */
void est__buffer_free(est__buffer *b);
/* The text is given away (est__free) if `st`, how the writing went, and the buffer's own status are OK; else it is freed, and NULL.
 * Returns the first failure. */
est_status est__buffer_give(est__buffer *b, est_status st, char **text);

/* ---- a bounds-checked reader (cursor.c) ---- */
typedef struct est__bytes {
    const unsigned char *p;
    size_t n;
} est__bytes;
typedef struct est__cursor {
    const unsigned char *p, *end;
    const char *what;        /* for messages: a path */
    const unsigned char *start;
} est__cursor;
est__cursor est__cursor_of(const void *p, size_t n, const char *what);
size_t est__cursor_left(const est__cursor *c);
est_status est__cursor_bytes(est__cursor *c, uint64_t n, est__bytes *out); /* DATA_LOSS when fewer are left */
est_status est__cursor_varint(est__cursor *c, uint64_t *out);
static inline uint32_t est__u32le(const void *p)
{
    const unsigned char *b = (const unsigned char *)p;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}
static inline uint64_t est__u64le(const void *p)
{
    return est__u32le(p) | (uint64_t)est__u32le((const unsigned char *)p + 4) << 32;
}

/* ---- numbers as text, independent of the locale (number.c); the whole text must be one number ---- */
bool est__parse_float(const char *s, size_t n, float *out);   /* correctly rounded; leading/trailing spaces refused; inf, nan taken */
bool est__parse_double(const char *s, size_t n, double *out);
bool est__parse_int64(const char *s, size_t n, int64_t *out);
int est__format_double(char out[32], double v);  /* shortest text that reads back to v; returns its length */
int est__format_float(char out[32], float v);    /* shortest text that reads back to the float v */

/* snprintf in the C locale (print.c), which all that makes texts here goes through. */
int est__print(char *out, size_t size, const char *format, ...) EST_PRINTF(3, 4);
int est__vprint(char *out, size_t size, const char *format, va_list args) EST_PRINTF(3, 0);

/* ---- files (file.c) ---- */
/* The whole file, for est__free, with a NUL added. A folder and a file of more than `limit` bytes (0: any) are errors. */
est_status est__file_read(const char *path, size_t limit, char **data, size_t *size);
/* A file that replaces `path` as a whole: temporary name in the same folder, fsync, rename, fsync of the folder. */
typedef struct est__file est__file;
est_status est__file_replace(const char *path, est__file **out);
est_status est__file_write(est__file *f, const void *p, size_t n);
est_status est__file_commit(est__file *f);   /* frees f, whatever the outcome; on failure the temporary is removed */
void est__file_abandon(est__file *f);        /* frees f and removes the temporary; NULL is fine */
est_status est__file_put(const char *path, const void *data, size_t n); /* replace, write, commit */
est_status est__file_copy(const char *from, const char *to);            /* replaces `to` */
/* The same for a file that is written in small pieces, or compressed (output.c). */
typedef enum est__compression { EST__UNCOMPRESSED, EST__GZIP, EST__ZLIB } est__compression;
typedef struct est__output est__output;
est_status est__output_new(const char *path, est__compression compression, est__output **out);
est_status est__output_write(est__output *o, const void *p, size_t n);
est_status est__output_commit(est__output *o);   /* frees o, whatever the outcome */
void est__output_abandon(est__output *o);        /* frees o, no file appears; NULL is fine */
void est__file_remove(const char *path);     /* where it is there and can be removed */
est_status est__rename(const char *from, const char *to);  /* a file or folder, durably */
bool est__is_temporary(const char *name);    /* is this the name of such a temporary? */
est_status est__make_dirs(const char *path);
typedef struct est__names { char **name; size_t count; } est__names;
est_status est__list_dir(const char *path, est__names *out);  /* sorted by name, without . and .. */
est_status est__glob(const char *pattern, est__names *out);   /* sorted by name; NOT_FOUND when nothing matches */
/* What patterns stand for, in their order. A file that is there is meant as it is written, whatever a glob would make of it. */
est_status est__glob_all(est_strings patterns, est__names *out);
void est__names_free(est__names *n);
bool est__is_dir(const char *path);
bool est__is_file(const char *path);
char *est__path_join(const char *dir, const char *name);      /* est__free; an absolute name stays */
const char *est__base_name(const char *path);
/* Called with the moment ("write", "fsync", "rename", "unlink") and path before each such call of the functions above; tests put
 * faults there. NULL: none. Returns 0, or an errno that the call then fails with. */
extern int (*est__file_fault)(const char *moment, const char *path);

/* ---- threads (pool.c): tasks never block ---- */
typedef struct est__pool est__pool;
est_status est__pool_new(int threads, est__pool **out);  /* 0: all cores; 1: no thread of its own, all work on the caller */
void est__pool_free(est__pool *p);
int est__pool_threads(const est__pool *p);
/* Calls fn(arg, block, begin, end) for [0, n) cut into blocks of `block` elements; the cut does not depend on the number of
 * threads. Returns when all are done. pool NULL: on the caller, in order. */
void est__for_blocks(est__pool *p, int64_t n, int64_t block, void (*fn)(void *arg, int64_t block, int64_t begin, int64_t end),
                     void *arg);

/* ---- random numbers (random.c): counter-based Philox4x32-10 (Salmon et al. 2011), as TensorFlow's ---- */
void est__philox(uint64_t key, uint64_t counter_high, uint64_t counter_low, uint32_t out[4]);
/* A small sequential generator over it, for shuffling: state is two numbers that can be saved. */
typedef struct est__random { uint64_t key, counter; } est__random;
uint64_t est__random_next(est__random *r);
uint64_t est__random_below(est__random *r, uint64_t n);  /* uniform in [0, n), n > 0, without bias */

/* ---- hashes (crc32c.c, fingerprint.c) ---- */
uint32_t est__crc32c(uint32_t crc, const void *p, size_t n);   /* start with 0; SSE4.2 where there, chosen at run time */
uint32_t est__crc32c_baseline(uint32_t crc, const void *p, size_t n); /* the portable twin, for tests */
uint32_t est__crc32c_mask(uint32_t crc);
uint64_t est__fingerprint64(const void *p, size_t n);          /* farmhash Fingerprint64 */
void est__fingerprint128(const void *p, size_t n, uint64_t out[2]);   /* Fingerprint128: low and high half */
uint64_t est__fingerprint_cat64(uint64_t a, uint64_t b);       /* TensorFlow's FingerprintCat64 */

/* ---- log (log.c): goes to the callback of est_set_log; nothing is printed without one ---- */
void est__log(est_log_level level, const char *format, ...) EST_PRINTF(2, 3);

/* ---- time (clock.c) ---- */
double est__clock(void);      /* monotonic seconds */
double est__wall_time(void);  /* seconds since 1970 */

/* The name in `names` nearest to `name` by edit distance, for "did you mean"; NULL when none is near. */
const char *est__nearest(const char *name, const char *const *names, size_t count);

#endif
