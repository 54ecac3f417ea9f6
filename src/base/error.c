/* The error text of each thread, and the ways to set it. */
#include <errno.h>

#include "base/base.h"

#define TEXT_SIZE sizeof(((est__error *)0)->text)

static _Thread_local char text[TEXT_SIZE];

const char *est_error(void)
{
    return text;
}

const char *est_status_name(est_status status)
{
    switch (status) {
#define NAME(number, name, meaning) case EST_##name: return #name;
    EST_STATUS_LIST(NAME)
#undef NAME
    }
    return "UNKNOWN";
}

void est__error_clear(void)
{
    *text = '\0';
}

/* The arguments may point into the old text, so the new one is made beside it. */
static void set_text(const char *format, va_list args, const char *tail)
{
    char made[TEXT_SIZE];
    int n = est__vprint(made, sizeof made, format, args);
    if (n < 0)
        made[n = 0] = '\0';
    if (tail && (size_t)n < sizeof made)
        snprintf(made + n, sizeof made - (size_t)n, ": %s", tail);
    memcpy(text, made, sizeof text);
}

est_status est__fail(est_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_text(format, args, NULL);
    va_end(args);
    return status;
}

est_status est__fail_in(est_status status, const char *format, ...)
{
    char old[TEXT_SIZE];
    va_list args;
    memcpy(old, text, sizeof old);
    va_start(args, format);
    set_text(format, args, old);
    va_end(args);
    return status;
}

est_status est__fail_memory(size_t bytes)
{
    return est__fail(EST_RESOURCE_EXHAUSTED, "out of memory: %zu bytes were wanted", bytes);
}

static est_status status_of(int error)
{
    switch (error) {
    case ENOENT: case ENODEV: case ENXIO: case ESRCH:
        return EST_NOT_FOUND;
    case EEXIST:
        return EST_ALREADY_EXISTS;
    case EACCES: case EPERM: case EROFS:
        return EST_PERMISSION_DENIED;
    case ENOMEM: case ENOSPC: case EDQUOT: case EMFILE: case ENFILE: case EFBIG: case EMLINK: case ENOBUFS:
        return EST_RESOURCE_EXHAUSTED;
    case EINVAL: case ENAMETOOLONG: case EBADF: case E2BIG: case EDOM: case EFAULT: case ENOTTY:
        return EST_INVALID_ARGUMENT;
    case EISDIR: case ENOTDIR: case ENOTEMPTY: case EBUSY: case ETXTBSY: case ELOOP: case EXDEV: case EPIPE:
        return EST_FAILED_PRECONDITION;
    case ETIMEDOUT:
        return EST_DEADLINE_EXCEEDED;
    case ERANGE: case EOVERFLOW:
        return EST_OUT_OF_RANGE;
    case ENOSYS: case EOPNOTSUPP:
        return EST_UNIMPLEMENTED;
    case EAGAIN: case ECONNREFUSED: case ECONNRESET: case ECONNABORTED: case ENETDOWN: case ENETUNREACH: case EHOSTUNREACH:
        return EST_UNAVAILABLE;
    case ECANCELED: case EINTR:
        return EST_CANCELLED;
    default:
        return EST_UNKNOWN;
    }
}

est_status est__fail_errno(int error, const char *format, ...)
{
    char reason[128];
    va_list args;
    va_start(args, format);
    set_text(format, args, strerror_r(error, reason, sizeof reason)); /* GNU's, which returns the text */
    va_end(args);
    return status_of(error);
}

void est__error_take(est__error *e, est_status status)
{
    e->status = status;
    memcpy(e->text, text, sizeof text);
}

est_status est__error_give(const est__error *e)
{
    if (e->status != EST_OK)
        memcpy(text, e->text, sizeof text);
    return e->status;
}
