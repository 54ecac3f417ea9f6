/* Files as a source of rows: the rows of small files kept in memory, and for large ones the places in the files that lead
 * back to any row. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/files.h"

enum { MOST_THREADS = 4 };
static const int64_t usual_budget = 64 << 20;

/* Where a block starts. */
typedef struct point {
    int64_t row, line;
    uint64_t offset;
    int file;
} point;

typedef struct source {
    est__files base;
    est__names path;
    est__pipe *pipe;
    int64_t budget;
    int threads;

    est__table cache;
    bool cached, streams;       /* decided by the first start */

    const est__block *block;
    int64_t row, line;          /* of the block's start */
    int64_t next_row, next_line;
    bool failed;                /* the block ended with an error */
    bool logged;

    point *points;              /* sorted by row; under `lock`, as is `skipped` */
    size_t count, capacity;
    int64_t skipped;
    est__error first_skip;
    int counted_file;           /* up to here the rows left out are counted */
    uint64_t counted_offset;
    pthread_mutex_t lock;
} source;

/* ---- reading in the order of the files ---- */

static const point *point_before(const source *c, int64_t row)
{
    return est__point_before(c->points, c->count, sizeof *c->points, row);
}

/* Blocks without rows leave no point: the next one starts with the same row. */
static est_status add_point(source *c, const est__block *b)
{
    const point *before = point_before(c, c->row);
    if (!b->table.rows || (before && before->row == c->row))
        return EST_OK;
    pthread_mutex_lock(&c->lock);
    size_t at = before ? (size_t)(before - c->points) + 1 : 0;
    est_status st = est__grow(&c->points, &c->capacity, c->count + 1, sizeof *c->points);
    if (st == EST_OK) {
        memmove(c->points + at + 1, c->points + at, (c->count - at) * sizeof *c->points);
        c->points[at] = (point){ .row = c->row, .line = c->line, .offset = b->offset, .file = b->file };
        c->count++;
    }
    pthread_mutex_unlock(&c->lock);
    return st;
}

static est_status place_error(const source *c, const est__block *b, int64_t line)
{
    est_status st = est__error_give(&b->error);
    if (b->error_line < 0)
        return st;
    if (c->base.kind->records)
        return est__fail_in(st, "%s: record %lld", c->path.name[b->file], (long long)(line + b->error_line));
    return est__fail_in(st, "%s:%lld", c->path.name[b->file], (long long)(line + b->error_line + 1));
}

/* Once for each block, however often it is read. */
static void count_skipped(source *c, const est__block *b)
{
    if (b->file < c->counted_file || (b->file == c->counted_file && b->offset < c->counted_offset))
        return;
    c->counted_file = b->file;
    c->counted_offset = b->offset + 1;
    if (!b->skipped)
        return;
    if (!c->skipped)
        est__error_take(&c->first_skip, place_error(c, b, c->line));
    pthread_mutex_lock(&c->lock);
    c->skipped += b->skipped;
    pthread_mutex_unlock(&c->lock);
}

static est_status end_of_epoch(source *c)
{
    if (c->skipped && !c->logged)
        est__log(EST_LOG_WARNING, "%s%s: %lld rows left out, %lld kept; the first: %s", c->path.name[0],
                 c->path.count > 1 ? " and more" : "", (long long)c->skipped, (long long)c->row, c->first_skip.text);
    c->logged = true;
    if (!c->row)
        return c->skipped ? est__fail(EST_INVALID_ARGUMENT, "%s: all %lld rows were left out; the first: %s", c->path.name[0],
                                      (long long)c->skipped, c->first_skip.text)
                          : est__fail(EST_INVALID_ARGUMENT, "%s: %s", c->path.name[0],
                                      c->base.kind->empty);
    return est__fail(EST_OUT_OF_RANGE, "the data has ended");
}

static est_status go(source *c, int file, uint64_t offset, int64_t row, int64_t line)
{
    c->block = NULL;
    c->failed = false;
    c->next_row = row;
    c->next_line = line;
    return est__pipe_go(c->pipe, file, offset);
}

static est_status rewind_files(void *user)
{
    return go(user, 0, 0, 0, 0);
}

static est_status next(void *user, const est__table **out)
{
    source *c = user;
    const est__block *b;
    if (c->failed)
        return place_error(c, c->block, c->line);
    est_status st = est__pipe_next(c->pipe, &b);
    c->block = b;
    c->row = c->next_row;
    c->line = c->next_line;
    if (st != EST_OK) {
        c->failed = true;
        return place_error(c, b, c->line);
    }
    if (b->end) {
        c->block = NULL;
        return end_of_epoch(c);
    }
    c->failed = b->fatal;
    if (b->fatal && !b->table.rows)
        return place_error(c, b, c->line);
    if (!b->fatal)
        count_skipped(c, b);
    EST_TRY(add_point(c, b));
    c->next_row = c->row + b->table.rows;
    c->next_line = b->last ? 0 : c->line + b->lines;
    *out = &b->table;
    return EST_OK;
}

static est_status seek(void *user, int64_t row, const est__table **out, int64_t *at)
{
    source *c = user;
    const point *p = point_before(c, row);
    int64_t from = p ? p->row : 0;
    if (!c->block || row < c->row || (row >= c->next_row && from > c->next_row)) {
        if (p)
            EST_TRY(go(c, p->file, p->offset, p->row, p->line));
        else
            EST_TRY(rewind_files(c));
    }
    while (!c->block || row >= c->next_row)
        EST_TRY(next(c, out));
    *out = &c->block->table;
    *at = row - c->row;
    return EST_OK;
}

/* ---- rows in memory ---- */

/* How many times the first block's text all files hold, as far as their sizes tell (gzip: too few). */
static double times_block(const source *c)
{
    struct stat s;
    double all = 0;
    for (size_t i = 0; i < c->path.count; i++)
        if (stat(c->path.name[i], &s) == 0 && S_ISREG(s.st_mode))
            all += (double)s.st_size;
    return c->block->size ? all / (double)c->block->size : 1;
}

/* Room for all rows at once; a little more than the first block lets expect. */
static est_status reserve_all(source *c, const est__table *t, double times)
{
    EST_TRY(est__table_reserve(&c->cache, (int64_t)((double)t->rows * times * 1.02) + 1));
    for (int i = 0; i < t->count; i++) {
        const est__column *from = &t->column[i];
        int64_t elements = est__column_at(from, t->rows);
        EST_TRY(est__column_reserve(&c->cache.column[i], (size_t)((double)elements * times * 1.02)));
        if (from->dtype == EST_STRING) {
            double n = (double)est__column_offsets(from)[elements];
            EST_TRY(est__column_reserve_bytes(&c->cache.column[i], (size_t)(n * times * 1.02)));
        }
    }
    return EST_OK;
}

/* Parses all rows into memory, or, when that is more than the budget, finds that they have to stream. */
static est_status load(source *c)
{
    const est__table *t;
    est_status st = est__table_init(&c->cache, c->base.features);
    bool first = true;
    if (st == EST_OK)
        st = rewind_files(c);
    while (st == EST_OK && (st = next(c, &t)) == EST_OK) {
        double part = (double)est__table_bytes(t), times = first ? times_block(c) : 1;
        c->streams = part * times > (double)c->budget || (double)est__table_bytes(&c->cache) + part > (double)c->budget;
        if (c->streams) {
            est__table_free(&c->cache);
            return EST_OK;
        }
        if (first && times > 1)
            st = reserve_all(c, t, times);
        first = false;
        if (st == EST_OK)
            st = est__table_append(&c->cache, t, 0, t->rows);
    }
    if (st != EST_OUT_OF_RANGE) {
        est__table_free(&c->cache);
        return st;
    }
    est__pipe_free(c->pipe);
    c->pipe = NULL;
    c->cached = true;
    return EST_OK;
}

static est_status whole(void *user, const est__table **out)
{
    source *c = user;
    *out = NULL;
    if (c->budget == EST_OFF)
        c->streams = true;
    if (!c->cached && !c->streams)
        EST_TRY(load(c));
    if (c->cached)
        *out = &c->cache;
    return EST_OK;
}

/* ---- saved places: the points, as differences ---- */

static void save_points(void *user, int64_t rows, est__buffer *out)
{
    source *c = user;
    point last = { 0 };
    pthread_mutex_lock(&c->lock);
    const point *before = c->cached || !rows ? NULL : point_before(c, rows - 1);
    size_t count = before ? (size_t)(before - c->points) + 1 : 0;
    est__buffer_varint(out, count);
    for (size_t i = 0; i < count; i++) {
        const point *p = &c->points[i];
        if (p->file != last.file)
            last.offset = last.line = 0;
        est__buffer_varint(out, (uint64_t)(p->file - last.file));
        est__buffer_varint(out, (uint64_t)(p->row - last.row));
        est__buffer_varint(out, p->offset - last.offset);
        est__buffer_varint(out, (uint64_t)(p->line - last.line));
        last = *p;
    }
    pthread_mutex_unlock(&c->lock);
}

static est_status read_point(source *c, est__cursor *in, point *p)
{
    uint64_t file, row, offset, line;
    EST_TRY(est__cursor_varint(in, &file));
    EST_TRY(est__cursor_varint(in, &row));
    EST_TRY(est__cursor_varint(in, &offset));
    EST_TRY(est__cursor_varint(in, &line));
    if (file)
        p->offset = p->line = 0;
    bool good = file <= (uint64_t)(c->base.paths - 1 - p->file) && (row || !c->count) &&
                row < (uint64_t)(INT64_MAX - p->row) && offset < INT64_MAX - p->offset &&
                line < (uint64_t)(INT64_MAX - p->line);
    if (!good)
        return est__fail(EST_DATA_LOSS, "the saved place of the data is damaged: point %zu", c->count);
    *p = (point){ .file = p->file + (int)file, .row = p->row + (int64_t)row, .offset = p->offset + offset,
                  .line = p->line + (int64_t)line };
    EST_TRY(est__grow(&c->points, &c->capacity, c->count + 1, sizeof *c->points));
    c->points[c->count++] = *p;
    return EST_OK;
}

static est_status restore_points(void *user, est__cursor *in)
{
    source *c = user;
    uint64_t count;
    point p = { 0 };
    EST_TRY(est__cursor_varint(in, &count));
    c->count = 0;
    c->block = NULL;          /* its point is forgotten too: it is sought again */
    for (uint64_t i = 0; i < count; i++)
        EST_TRY(read_point(c, in, &p));
    return EST_OK;
}

static uint64_t hash_end(int fd, off_t offset, uint64_t hash)
{
    char part[4096];
    ssize_t n = pread(fd, part, sizeof part, offset);
    return est__fingerprint_cat64(hash, est__crc32c(0, part, n > 0 ? (size_t)n : 0));
}

static est_status fingerprint(const est_dataset *d, uint64_t *out)
{
    const source *c = d->source;
    const est__file_kind *kind = c->base.kind;
    uint64_t hash = est__fingerprint_cat64(est__fingerprint64(kind->name, strlen(kind->name)),
                                           kind->fingerprint(c->base.format) + c->base.skip);
    for (size_t i = 0; i < c->path.count; i++) {
        struct stat s;
        const char *name = est__base_name(c->path.name[i]);
        int fd = open(c->path.name[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        hash = est__fingerprint_cat64(hash, est__fingerprint64(name, strlen(name)));
        if (fd >= 0 && fstat(fd, &s) == 0 && S_ISREG(s.st_mode)) {
            hash = est__fingerprint_cat64(hash, (uint64_t)s.st_size);
            hash = hash_end(fd, s.st_size > 4096 ? s.st_size - 4096 : 0, hash_end(fd, 0, hash));
        }
        if (fd >= 0)
            close(fd);
    }
    *out = hash;
    return EST_OK;
}

static int64_t skipped(const est_dataset *d)
{
    source *c = d->source;
    pthread_mutex_lock(&c->lock);
    int64_t n = c->skipped;
    pthread_mutex_unlock(&c->lock);
    return n;
}

static void free_files(void *user)
{
    source *c = user;
    if (!c)
        return;
    est__pipe_free(c->pipe);
    est__table_free(&c->cache);
    est__names_free(&c->path);
    est__free(c->points);
    est__arena_free(&c->base.arena);
    pthread_mutex_destroy(&c->lock);
    est__free(c);
}

void est__files_free(est__files *f)
{
    free_files(f);
}

static const est__rows_kind rows = { .whole = whole, .next = next, .seek = seek, .save = save_points, .restore = restore_points };

static const est__source_kind files_kind = {
    .name = "files", .rows = &rows, .start = est__rows_start, .read = est__rows_read, .save = est__rows_save,
    .restore = est__rows_restore, .fingerprint = fingerprint, .skipped = skipped, .free = free_files };

/* ---- making one ---- */

/* Later files are looked at now, so that a name that is wrong does not end a run hours later. */
static est_status find_files(source *c, const est__files_options *o)
{
    const est__file_kind *kind = c->base.kind;
    struct stat s;
    EST_TRY(est__glob_all(o->input_path, &c->path));
    for (size_t i = 0; i < c->path.count; i++) {
        if (stat(c->path.name[i], &s) != 0)
            return est__fail_errno(errno, "%s", c->path.name[i]);
        if (S_ISDIR(s.st_mode))
            return est__fail(EST_INVALID_ARGUMENT, "%s: it is a directory, a %s file is needed", c->path.name[i], kind->wanted);
    }
    if (c->path.count == 0 || c->path.count > INT_MAX)
        return est__fail(EST_INVALID_ARGUMENT, "a %s dataset needs input_path", kind->wanted);
    c->base.path = c->path.name;
    c->base.paths = (int)c->path.count;
    return EST_OK;
}

static est_status set_options(source *c, const est__files_options *o)
{
    if (o->num_parallel_reads < 0 || o->memory_budget < EST_OFF)
        return est__fail(EST_INVALID_ARGUMENT, "num_parallel_reads and memory_budget cannot be negative");
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    c->threads = o->num_parallel_reads > 0 ? o->num_parallel_reads : cores < 1 ? 1 : (int)cores;
    if (c->threads > MOST_THREADS && o->num_parallel_reads <= 0)
        c->threads = MOST_THREADS;
    c->budget = o->memory_budget ? o->memory_budget : usual_budget;
    c->base.skip = o->skip_errors;
    c->base.block = EST__BLOCK;
    c->base.format = est__arena_alloc(&c->base.arena, c->base.kind->size);
    return c->base.format ? EST_OK : est__fail_memory(c->base.kind->size);
}

est_status est__files_new(const est__file_kind *kind, const est__files_options *o, est__files **out)
{
    source *c = est__calloc(1, sizeof *c);
    *out = NULL;
    if (!c)
        return est__fail_memory(sizeof *c);
    pthread_mutex_init(&c->lock, NULL);
    c->base.kind = kind;
    est_status st = find_files(c, o);
    if (st == EST_OK)
        st = set_options(c, o);
    if (st == EST_OK)
        *out = &c->base;
    else
        free_files(c);
    return st;
}

est_status est__files_peek(est__files *f, const est__block **out)
{
    source *c = (source *)f;
    EST_TRY(est__pipe_new(f, c->threads, &c->pipe));
    if (est__pipe_peek(c->pipe, out) != EST_OK)
        return place_error(c, *out, 0);
    return (*out)->size ? EST_OK : est__error_give(&(*out)->damage);
}

est_status est__files_dataset(est__files *f, est_features_spec features, int label, est_dataset **out)
{
    source *c = (source *)f;
    *out = NULL;
    est_status st = c->pipe ? EST_OK : est__pipe_new(f, c->threads, &c->pipe);
    if (st != EST_OK) {
        free_files(c);
        return st;
    }
    EST_TRY(est__dataset_new(features, label, &files_kind, c, out));
    f->features = est_dataset_features(*out);   /* those that were given may be lent */
    return EST_OK;
}
