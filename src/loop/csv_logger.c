/* The CSV logger: a line a batch. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "loop/loop.h"

typedef struct logger {
    char *path;
    int fd;
    bool has_header;
    est__buffer line;
} logger;

static est_status put(logger *c)
{
    if (c->line.status != EST_OK)
        return est__fail_memory(c->line.size);
    for (size_t done = 0; done < c->line.size;) {
        ssize_t n = write(c->fd, c->line.data + done, c->line.size - done);
        if (n < 0 && errno != EINTR)
            return est__fail_errno(errno, "%s", c->path);
        done += n > 0 ? (size_t)n : 0;
    }
    est__buffer_clear(&c->line);
    return EST_OK;
}

static est_status log_batch(est_training_loop *l, est_loop_event event, void *user)
{
    logger *c = user;
    const est_results *stats = est_training_loop_last_stats(l);
    char number[32];
    (void)event;
    if (stats == NULL)
        return EST_OK;
    if (!c->has_header) {
        est__buffer_text(&c->line, "epoch, batch");
        for (size_t i = 0; i < stats->count; i++)
            est__buffer_printf(&c->line, ", %s", stats->name[i]);
        est__buffer_text(&c->line, "\n");
        c->has_header = true;
    }
    est__buffer_printf(&c->line, "%lld/%lld, %lld/%lld", (long long)l->epoch_index + 1, (long long)l->epoch_count,
                       (long long)l->batch_index + 1, (long long)l->phase->batches);
    for (size_t i = 0; i < stats->count; i++) {
        est__format_float(number, (float)stats->value[i]);
        est__buffer_printf(&c->line, ", %s", number);
    }
    est__buffer_text(&c->line, "\n");
    return put(c);
}

static void free_logger(void *user)
{
    logger *c = user;
    if (c->fd >= 0)
        close(c->fd);
    est__buffer_free(&c->line);
    est__free(c->path);
    est__free(c);
}

/* The folder of a path, which need not be there. */
static est_status make_folder(const char *path)
{
    size_t n = (size_t)(est__base_name(path) - path);
    char *dir = n ? est__strndup(path, n) : NULL;
    if (n == 0)
        return EST_OK;
    est_status st = dir ? est__make_dirs(dir) : est__fail_memory(n);
    est__free(dir);
    return st;
}

static est_status open_file(logger *c, const char *path)
{
    size_t n = strlen(path);
    if (n < 4 || strcmp(path + n - 4, ".csv") != 0)
        return est__fail(EST_INVALID_ARGUMENT, "est_csv_logger_new: the file is '%s'; its name must end with .csv", path);
    if ((c->path = est__strdup(path)) == NULL)
        return est__fail_memory(n);
    EST_TRY(make_folder(path));
    c->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    return c->fd < 0 ? est__fail_errno(errno, "%s", path) : EST_OK;
}

est_status est_csv_logger_new(const char *path, est_loop_callback **out)
{
    static const est_loop_callback_options callback = { .name = "csv", .call = log_batch, .free_user = free_logger,
                                                        .events = 1u << EST_BATCH_END };
    logger *c = est__calloc(1, sizeof *c);
    *out = NULL;
    if (c == NULL)
        return est__fail_memory(sizeof *c);
    c->fd = -1;
    est_status st = open_file(c, path ? path : "run/log.csv");
    if (st == EST_OK)
        return est__loop_callback_of(&callback, c, out);
    free_logger(c);
    return st;
}
