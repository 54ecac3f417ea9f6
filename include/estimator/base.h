/* What a host program may give the library: an allocator, a log callback; and lists that carry their length.
 * */
#ifndef ESTIMATOR_BASE_H
#define ESTIMATOR_BASE_H

#include <stddef.h>
#include <stdint.h>

#include <estimator/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How much a log line matters, rising. */
typedef enum est_log_level { EST_LOG_DEBUG, EST_LOG_INFO, EST_LOG_WARNING, EST_LOG_ERROR } est_log_level;

/** Where log lines go.
 *  In: `callback`, NULL: nowhere (the default: the library prints nothing). Its `text` is one line without a
 *  newline, lent for the call. It runs on any thread of the library, one call at a time; what it makes the
 *  library log is dropped. `user` comes back, and must live until another callback is set. Thread-safe. Since
 *  0.1. */
EST_API void est_set_log(void (*callback)(est_log_level level, const char *text, void *user), void *user);

/** An allocator, with the meaning of malloc, realloc and free; sizes in bytes, never 0; NULL when there is no
 *  memory. All three functions are needed, and are called from any thread, several at a time. `user` comes
 *  back. */
typedef struct est_allocator {
    void *(*allocate)(size_t size, void *user);
    void *(*reallocate)(void *p, size_t size, void *user);    /* p is never NULL */
    void (*release)(void *p, void *user);                     /* p is never NULL */
    void *user;
} est_allocator;

/** The allocator of all that the library itself allocates; other libraries that it calls (zlib, libyaml,
 *  BLAS) have their own.
 *  In: NULL: malloc, realloc and free. Copied. Call it before any other function: not thread-safe. Since 0.1. */
EST_API void est_set_allocator(const est_allocator *allocator);

/** Frees a text that the library gave (est_experiment_init, est_stats_text); NULL does nothing. Thread-safe. Since 0.1. */
EST_API void est_text_free(char *text);

/* Lists carry their length: EST_INTS(64, 32), EST_FLOATS(0.5), EST_STRINGS("a", "b"). Such a literal lives
 * until the end of the block that it stands in; whoever gets one copies it before it returns. C alone: C++
 * fills the structs. */
typedef struct est_ints { const int64_t *data; size_t count; } est_ints;
typedef struct est_floats { const double *data; size_t count; } est_floats;
typedef struct est_strings { const char *const *data; size_t count; } est_strings;
#ifndef __cplusplus
#define EST_INTS(...) ((est_ints){ (const int64_t[]){ __VA_ARGS__ }, sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t) })
#define EST_FLOATS(...) ((est_floats){ (const double[]){ __VA_ARGS__ }, sizeof((double[]){ __VA_ARGS__ }) / sizeof(double) })
#define EST_STRINGS(...) \
    ((est_strings){ (const char *const[]){ __VA_ARGS__ }, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *) })
#endif

/* "None" or "a 0 that is meant", where a 0 in an options struct stands for another default. */
#define EST_OFF (-1)

#ifdef __cplusplus
}
#endif
#endif
