/* Statuses, the error text, and the macros that mark the public interface. */
#ifndef ESTIMATOR_STATUS_H
#define ESTIMATOR_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define EST_API __attribute__((visibility("default")))
#define EST_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define EST_API
#define EST_PRINTF(text, first)
#endif

/** What a call returns: the canonical codes of TensorFlow and gRPC (absl::StatusCode), so that a status
 *  crosses the wire unchanged. */
#define EST_STATUS_LIST(X)                                         \
    X(0, OK, "ok")                                                 \
    X(1, CANCELLED, "stopped on request")                          \
    X(2, UNKNOWN, "an unknown error")                              \
    X(3, INVALID_ARGUMENT, "an argument is wrong")                 \
    X(4, DEADLINE_EXCEEDED, "it took too long")                    \
    X(5, NOT_FOUND, "no such thing")                               \
    X(6, ALREADY_EXISTS, "it is there already")                    \
    X(7, PERMISSION_DENIED, "not permitted")                       \
    X(8, RESOURCE_EXHAUSTED, "out of memory, disk or quota")       \
    X(9, FAILED_PRECONDITION, "not in a state for it")             \
    X(10, ABORTED, "aborted")                                      \
    X(11, OUT_OF_RANGE, "past the end")                            \
    X(12, UNIMPLEMENTED, "not built in")                           \
    X(13, INTERNAL, "a mistake of the library")                    \
    X(14, UNAVAILABLE, "not reachable now")                        \
    X(15, DATA_LOSS, "damaged data")

typedef enum est_status {
#define EST_STATUS_ENUM(number, name, text) EST_##name = number,
    EST_STATUS_LIST(EST_STATUS_ENUM)
#undef EST_STATUS_ENUM
} est_status;

/** The text of this thread's last failure: one sentence, valid after a call that did not return EST_OK and
 *  until the next call of the library on this thread. Lent by the thread. Never NULL. Thread-safe. Since 0.1. */
EST_API const char *est_error(void);

/** The name of a status, "INVALID_ARGUMENT". Never NULL; "UNKNOWN" for a number that is none. Constant.
 *  Thread-safe. Since 0.1. */
EST_API const char *est_status_name(est_status status);

#ifdef __cplusplus
}
#endif
#endif
