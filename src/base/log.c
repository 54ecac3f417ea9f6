/* The log: lines go to the host's callback, one at a time, or nowhere. */
#include "base/base.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void (*callback)(est_log_level level, const char *text, void *user);
static void *callback_user;
static _Thread_local bool inside; /* this thread is in the callback and holds the lock */

void est_set_log(void (*new_callback)(est_log_level level, const char *text, void *user), void *user)
{
    if (!inside)
        pthread_mutex_lock(&lock);
    callback = new_callback;
    callback_user = user;
    if (!inside)
        pthread_mutex_unlock(&lock);
}

void est__log(est_log_level level, const char *format, ...)
{
    if (inside) /* what a callback causes by calling the library is not logged again */
        return;
    pthread_mutex_lock(&lock);
    inside = true;
    if (callback) {
        char text[2048];
        va_list args;
        va_start(args, format);
        est__vprint(text, sizeof text, format, args);
        va_end(args);
        text[strcspn(text, "\n")] = '\0';
        callback(level, text, callback_user);
    }
    inside = false;
    pthread_mutex_unlock(&lock);
}
