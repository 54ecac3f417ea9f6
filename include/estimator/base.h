/* What a host program may give the library: an allocator, a log callback. */
#ifndef ESTIMATOR_BASE_H
#define ESTIMATOR_BASE_H

#include <stddef.h>
#include <stdint.h>

#include <estimator/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum est_log_level { EST_LOG_DEBUG, EST_LOG_INFO, EST_LOG_WARNING, EST_LOG_ERROR } est_log_level;

/** Where log lines go. `text` is one line without a newline, lent for the call. The callback may run on any thread of the
 *  library, one call at a time. NULL: nowhere (the default: the library prints nothing). Thread-safe. Since 0.1. */
EST_API void est_set_log(void (*callback)(est_log_level level, const char *text, void *user), void *user);

/** The allocator of everything that the library allocates itself. All three are given; `user` comes back.
 *  Call it before any other function of the library; not thread-safe. NULL: malloc, realloc and free. Since 0.1. */
typedef struct est_allocator {
    void *(*allocate)(size_t size, void *user);
    void *(*reallocate)(void *p, size_t size, void *user);
    void (*release)(void *p, void *user);
    void *user;
} est_allocator;
EST_API void est_set_allocator(const est_allocator *allocator);

/* Lists carry their length: EST_INTS(64, 32), EST_FLOATS(0.5f), EST_STRINGS("a", "b"). Lent for the call; such a literal lives until
 * the end of the block that it stands in. */
typedef struct est_ints { const int64_t *data; size_t count; } est_ints;
typedef struct est_floats { const double *data; size_t count; } est_floats;
typedef struct est_strings { const char *const *data; size_t count; } est_strings;
#ifndef __cplusplus
#define EST_INTS(...) ((est_ints){ (const int64_t[]){ __VA_ARGS__ }, sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t) })
#define EST_FLOATS(...) ((est_floats){ (const double[]){ __VA_ARGS__ }, sizeof((double[]){ __VA_ARGS__ }) / sizeof(double) })
#define EST_STRINGS(...) \
    ((est_strings){ (const char *const[]){ __VA_ARGS__ }, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *) })
#endif
#define EST_OFF (-1)

#ifdef __cplusplus
}
#endif
#endif
