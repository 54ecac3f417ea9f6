/* The files of events: begun or gone on with, flushed by whole records, several where one would grow too large. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/event_writer.h"
#include "formats/tfrecord.h"

#define PREFIX "events.out.tfevents."
#define FILE_VERSION "brain.Event:2"
#define SOURCE_WRITER "tensorflow.core.util.events_writer"   /* as TensorFlow's own files say */

static est_status add_version(est__event_writer *w)
{
    Tensorflow__SourceMetadata source = TENSORFLOW__SOURCE_METADATA__INIT;
    Tensorflow__Event e = TENSORFLOW__EVENT__INIT;
    source.writer = (char *)(uintptr_t)SOURCE_WRITER;
    e.source_metadata = &source;
    e.what_case = TENSORFLOW__EVENT__WHAT_FILE_VERSION;
    e.file_version = (char *)(uintptr_t)FILE_VERSION;
    return est__event_add(w, &e, 0);
}

/* Bytes up to the end of the last whole record. What cannot be read further is torn, be it the middle: every
 * reader stops there. */
static est_status whole_records(const char *path, int64_t *end)
{
    est__tfrecord_reader *r;
    est__bytes record;
    EST_TRY(est__tfrecord_open(path, 0, &r));
    est_status st = EST_OK;
    while (st == EST_OK) {
        *end = est__tfrecord_offset(r);
        st = est__tfrecord_next(r, &record);
    }
    est__tfrecord_close(r);
    return st == EST_OUT_OF_RANGE || st == EST_DATA_LOSS ? EST_OK : st;
}

/* Opens for appending at the last whole record; `size` is where that ends. */
static est_status open_end(est__event_writer *w, int64_t *size)
{
    *size = 0;
    w->fd = open(w->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (w->fd < 0)
        return est__fail_errno(errno, "%s: cannot be opened", w->path);
    EST_TRY(whole_records(w->path, size));
    off_t end = lseek(w->fd, 0, SEEK_END);
    if (end < 0 || (end > *size && ftruncate(w->fd, *size) != 0))
        return est__fail_errno(errno, "%s: its torn end cannot be cut off", w->path);
    if (end > *size)
        est__log(EST_LOG_WARNING, "%s: a torn end of %lld bytes was cut off", w->path,
                 (long long)(end - *size));
    return EST_OK;
}

est_status est__event_writer_append(const char *path, est__event_writer **out)
{
    int64_t size = 0;
    est__event_writer *w = *out = est__calloc(1, sizeof *w);
    if (!w)
        return est__fail_memory(sizeof *w);
    w->fd = -1;
    w->path = est__strdup(path);
    est_status st = w->path ? open_end(w, &size) : est__fail_memory(strlen(path));
    w->size = size;
    if (st == EST_OK && size == 0)
        st = add_version(w);
    if (st == EST_OK)
        st = est__event_flush(w);
    if (st != EST_OK) {
        est__event_writer_free(w);
        *out = NULL;
    }
    return st;
}

/* Names rise with the time that a file was begun. */
static est_status newest_file(const char *dir, char *name, size_t size)
{
    est__names names;
    EST_TRY(est__list_dir(dir, &names));
    for (size_t i = 0; i < names.count; i++)
        if (strncmp(names.name[i], PREFIX, sizeof PREFIX - 1) == 0 && strlen(names.name[i]) < size)
            memcpy(name, names.name[i], strlen(names.name[i]) + 1);
    est__names_free(&names);
    return EST_OK;
}

est_status est__event_writer_new(const char *dir, est__event_writer **out)
{
    return est__event_writer_in(dir, false, out);
}

est_status est__event_writer_in(const char *dir, bool append, est__event_writer **out)
{
    char host[256] = "localhost", name[320];
    *out = NULL;
    EST_TRY(est__make_dirs(dir));
    gethostname(host, sizeof host - 1);
    snprintf(name, sizeof name, PREFIX "%010lld.%s", (long long)est__wall_time(), host);
    if (append)
        EST_TRY(newest_file(dir, name, sizeof name));
    char *path = est__path_join(dir, name);
    est_status st = path ? est__event_writer_append(path, out) : est__fail_memory(strlen(dir) + strlen(name));
    est__free(path);
    if (st == EST_OK)
        est__event_limit(*out, EST__EVENT_FILE_BYTES, EST__EVENT_TOTAL_BYTES);
    return st;
}

const char *est__event_writer_path(const est__event_writer *w)
{
    return w->path;
}

/* ---- several files: one that has become too large is ended, and the oldest ones go when all are too much together ---- */

/* Removes a file. What one file of the folder is to hold comes again when it was in that one. */
static est_status drop(est__event_writer *w, const char *path)
{
    bool held = w->once_path == NULL || strcmp(w->once_path, path) == 0;
    est__file_remove(path);
    est__log(EST_LOG_INFO, "%s: removed: event files may hold %lld bytes together", path, (long long)w->total_bytes);
    if (!held || w->once.size == 0)
        return EST_OK;
    est__buffer_bytes(&w->records, w->once.data, w->once.size);
    est__free(w->once_path);
    w->once_path = est__strdup(w->path);
    return w->records.status;
}

/* The size of an event file; -1: it is none. */
static int64_t size_of(const char *path)
{
    struct stat s;
    bool is_events = strncmp(est__base_name(path), PREFIX, sizeof PREFIX - 1) == 0;
    return is_events && stat(path, &s) == 0 ? (int64_t)s.st_size : -1;
}

/* Removes the folder's oldest event files but this one, until they hold no more than the limit. */
static est_status retain_in(est__event_writer *w, const char *dir)
{
    est__names names = { 0 };
    int64_t total = 0;
    est_status st = est__list_dir(dir, &names);
    for (int removing = 0; removing < 2; removing++)
        for (size_t i = 0; i < names.count && st == EST_OK && (!removing || total > w->total_bytes); i++) {
            char *path = est__path_join(dir, names.name[i]);
            int64_t size = path ? size_of(path) : -1;
            if (size >= 0 && !removing)
                total += size;
            if (size >= 0 && removing && strcmp(path, w->path) != 0) {
                st = drop(w, path);
                total -= size;
            }
            est__free(path);
        }
    est__names_free(&names);
    return st;
}

static est_status retain(est__event_writer *w)
{
    size_t n = (size_t)(est__base_name(w->path) - w->path);
    if (w->total_bytes < 1)
        return EST_OK;
    char *dir = n > 1 ? est__strndup(w->path, n - 1) : est__strdup(n ? "/" : ".");
    est_status st = dir ? retain_in(w, dir) : est__fail_memory(n);
    est__free(dir);
    return st;
}

/* A name that sorts behind this file's, and that there is none of: of this second, or the same with a number. */
static char *next_path(const est__event_writer *w)
{
    int folder = (int)(est__base_name(w->path) - w->path);
    for (int i = 0; i < 10000; i++) {
        est__buffer path = { 0 };
        char host[256] = "localhost", number[8] = "";
        gethostname(host, sizeof host - 1);
        if (i > 0)
            snprintf(number, sizeof number, ".%04d", i);
        est__buffer_printf(&path, "%.*s" PREFIX "%010lld.%s%s", folder, w->path, (long long)est__wall_time(), host, number);
        if (path.status == EST_OK && strcmp(path.data, w->path) > 0 && !est__is_file(path.data))
            return path.data;
        est__buffer_free(&path);
    }
    return NULL;
}

static est_status next_file(est__event_writer *w)
{
    char *path = next_path(w);
    int fd = path ? open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666) : -1;
    if (fd < 0) {
        est__log(EST_LOG_WARNING, "%s: no further file can be begun beside it", w->path);
        est__free(path);
        w->file_bytes = 0;
        return EST_OK;
    }
    close(w->fd);
    est__free(w->path);
    w->path = path;
    w->fd = fd;
    int64_t limit = w->file_bytes;
    w->file_bytes = 0;            /* what comes again may be more than that by itself */
    est_status st = add_version(w);
    if (st == EST_OK)
        st = retain(w);
    if (st == EST_OK)
        st = est__event_flush(w);
    w->file_bytes = limit;
    return st;
}

void est__event_limit(est__event_writer *w, int64_t file_bytes, int64_t total_bytes)
{
    w->file_bytes = file_bytes;
    w->total_bytes = total_bytes;
    if (retain(w) != EST_OK)
        est__log(EST_LOG_WARNING, "%s", est_error());
}

est_status est__event_flush(est__event_writer *w)
{
    size_t done = 0;
    int error = 0;
    off_t before = lseek(w->fd, 0, SEEK_END);
    while (done < w->records.size && !error) {
        error = est__file_fault ? est__file_fault("write", w->path) : 0;
        ssize_t n = error ? -1 : write(w->fd, w->records.data + done, w->records.size - done);
        if (n >= 0)
            done += (size_t)n;
        else if (!error && errno != EINTR)
            error = errno;
    }
    est__buffer_clear(&w->records);
    if (!error && before >= 0)
        w->size = before + (int64_t)done;
    if (error && before >= 0 && ftruncate(w->fd, before) != 0)
        est__log(EST_LOG_WARNING, "%s: ends with a part of a record", w->path);
    if (error)
        return est__fail_errno(error, "%s: cannot be written", w->path);
    return w->file_bytes > 0 && w->size >= w->file_bytes ? next_file(w) : EST_OK;
}

void est__event_writer_free(est__event_writer *w)
{
    if (!w)
        return;
    if (w->fd >= 0)
        close(w->fd);
    est__buffer_free(&w->records);
    est__buffer_free(&w->message);
    est__buffer_free(&w->once);
    est__free(w->once_path);
    est__free(w->values);
    est__free(w->list);
    est__free(w->path);
    est__free(w);
}
