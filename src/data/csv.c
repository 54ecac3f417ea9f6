/* CSV files as a source of rows (make_csv_dataset): which columns are read and as what, the rows of small files kept in
 * memory, and for large ones the places in the files that lead back to any row. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/csv.h"

enum { MOST_THREADS = 4 };
static const int64_t usual_budget = 64 << 20;

/* Where a block starts. */
typedef struct point {
    int64_t row, line;
    uint64_t offset;
    int file;
} point;

typedef struct csv {
    est__arena arena;
    est__csv_format format;
    est__names path;
    est__csv_pipe *pipe;
    int64_t budget;
    int threads;

    est__table cache;
    bool cached, streams;       /* decided by the first start */

    const est__csv_block *block;
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
} csv;

/* ---- reading in the order of the files ---- */

static const point *point_before(const csv *c, int64_t row)
{
    size_t low = 0, high = c->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c->points[middle].row <= row)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? &c->points[low - 1] : NULL;
}

/* Blocks without rows leave no point: the next one starts with the same row. */
static est_status add_point(csv *c, const est__csv_block *b)
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

static est_status place_error(const csv *c, const est__csv_block *b, int64_t line)
{
    est_status st = est__error_give(&b->error);
    if (b->error_line < 0)
        return st;
    return est__fail_in(st, "%s:%lld", c->path.name[b->file], (long long)(line + b->error_line + 1));
}

/* Once for each block, however often it is read. */
static void count_skipped(csv *c, const est__csv_block *b)
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

static est_status end_of_epoch(csv *c)
{
    if (c->skipped && !c->logged)
        est__log(EST_LOG_WARNING, "%s%s: %lld rows left out, %lld kept; the first: %s", c->path.name[0],
                 c->path.count > 1 ? " and more" : "", (long long)c->skipped, (long long)c->row, c->first_skip.text);
    c->logged = true;
    if (!c->row)
        return c->skipped ? est__fail(EST_INVALID_ARGUMENT, "%s: all %lld rows were left out; the first: %s", c->path.name[0],
                                      (long long)c->skipped, c->first_skip.text)
                          : est__fail(EST_INVALID_ARGUMENT, "%s: %s", c->path.name[0],
                                      c->format.header ? "a header and no rows" : "no rows");
    return est__fail(EST_OUT_OF_RANGE, "the data has ended");
}

static est_status go(csv *c, int file, uint64_t offset, int64_t row, int64_t line)
{
    c->block = NULL;
    c->failed = false;
    c->next_row = row;
    c->next_line = line;
    return est__csv_pipe_go(c->pipe, file, offset);
}

static est_status rewind_files(void *source)
{
    return go(source, 0, 0, 0, 0);
}

static est_status next(void *source, const est__table **out)
{
    csv *c = source;
    const est__csv_block *b;
    if (c->failed)
        return place_error(c, c->block, c->line);
    est_status st = est__csv_pipe_next(c->pipe, &b);
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

static est_status seek(void *source, int64_t row, const est__table **out, int64_t *at)
{
    csv *c = source;
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
static double times_block(const csv *c)
{
    struct stat s;
    double all = 0;
    for (size_t i = 0; i < c->path.count; i++)
        if (stat(c->path.name[i], &s) == 0 && S_ISREG(s.st_mode))
            all += (double)s.st_size;
    return c->block->size ? all / (double)c->block->size : 1;
}

/* Room for all rows at once; a little more than the first block lets expect. */
static est_status reserve_all(csv *c, const est__table *t, double times)
{
    EST_TRY(est__table_reserve(&c->cache, (int64_t)((double)t->rows * times * 1.02) + 1));
    for (int i = 0; i < t->count; i++)
        if (t->column[i].dtype == EST_STRING) {
            double n = (double)est__column_offsets(&t->column[i])[est__column_at(&t->column[i], t->rows)];
            EST_TRY(est__column_reserve_bytes(&c->cache.column[i], (size_t)(n * times * 1.02)));
        }
    return EST_OK;
}

/* Parses all rows into memory, or, when that is more than the budget, finds that they have to stream. */
static est_status load(csv *c)
{
    const est__table *t;
    est_status st = est__table_init(&c->cache, c->format.features);
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
    est__csv_pipe_free(c->pipe);
    c->pipe = NULL;
    c->cached = true;
    return EST_OK;
}

static est_status whole(void *source, const est__table **out)
{
    csv *c = source;
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

static void save_points(void *source, est__buffer *out)
{
    csv *c = source;
    point last = { 0 };
    pthread_mutex_lock(&c->lock);
    size_t count = c->cached ? 0 : c->count;
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

static est_status read_point(csv *c, est__cursor *in, point *p)
{
    uint64_t file, row, offset, line;
    EST_TRY(est__cursor_varint(in, &file));
    EST_TRY(est__cursor_varint(in, &row));
    EST_TRY(est__cursor_varint(in, &offset));
    EST_TRY(est__cursor_varint(in, &line));
    if (file)
        p->offset = p->line = 0;
    bool good = file <= (uint64_t)(c->format.paths - 1 - p->file) && (row || !c->count) &&
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

static est_status restore_points(void *source, est__cursor *in)
{
    csv *c = source;
    uint64_t count;
    point p = { 0 };
    EST_TRY(est__cursor_varint(in, &count));
    c->count = 0;
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
    const csv *c = d->source;
    const est__csv_format *f = &c->format;
    uint64_t hash = est__fingerprint64(f->na, f->na_length);
    hash = est__fingerprint_cat64(hash, (uint64_t)(unsigned char)f->delimiter | (uint64_t)f->quotes << 8 |
                                            (uint64_t)f->header << 9 | (uint64_t)f->skip << 10);
    for (int i = 0; i < f->fields; i++)
        hash = est__fingerprint_cat64(hash, est__fingerprint64(f->field[i].name, strlen(f->field[i].name)));
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
    csv *c = d->source;
    pthread_mutex_lock(&c->lock);
    int64_t n = c->skipped;
    pthread_mutex_unlock(&c->lock);
    return n;
}

static void free_csv(void *source)
{
    csv *c = source;
    if (!c)
        return;
    est__csv_pipe_free(c->pipe);
    est__table_free(&c->cache);
    est__names_free(&c->path);
    est__free(c->points);
    est__arena_free(&c->arena);
    pthread_mutex_destroy(&c->lock);
    est__free(c);
}

static const est__rows_kind rows = { .whole = whole, .next = next, .seek = seek, .save = save_points, .restore = restore_points };

const est__source_kind est__source_csv = {
    .name = "csv", .rows = &rows, .start = est__rows_start, .read = est__rows_read, .save = est__rows_save,
    .restore = est__rows_restore, .fingerprint = fingerprint, .skipped = skipped, .free = free_csv };

/* ---- making one ---- */

/* A file that is there is meant as it is written, whatever a glob would make of its name. */
static est_status add_paths(csv *c, const char *pattern)
{
    est__names found = { 0 };
    struct stat s;
    bool plain = stat(pattern, &s) == 0 || !strpbrk(pattern, "*?[");
    if (!plain)
        EST_TRY(est__glob(pattern, &found));
    size_t add = plain ? 1 : found.count, have = c->path.count;
    char **name = est__realloc(c->path.name, (have + add) * sizeof *name);
    if (name)
        c->path.name = name;
    for (size_t i = 0; name && i < add; i++) {
        name[have + i] = est__strdup(plain ? pattern : found.name[i]);
        if (!name[have + i])
            name = NULL;
        else
            c->path.count++;
    }
    est__names_free(&found);
    return name ? EST_OK : est__fail_memory((have + add) * sizeof *name);
}

/* Later files are looked at now, so that a name that is wrong does not end a run hours later. */
static est_status find_files(csv *c, const est_csv_options *o)
{
    struct stat s;
    for (size_t i = 0; i < o->input_path.count; i++)
        EST_TRY(add_paths(c, o->input_path.data[i]));
    for (size_t i = 0; i < c->path.count; i++) {
        if (stat(c->path.name[i], &s) != 0)
            return est__fail_errno(errno, "%s", c->path.name[i]);
        if (S_ISDIR(s.st_mode))
            return est__fail(EST_INVALID_ARGUMENT, "%s: it is a directory, a CSV file is needed", c->path.name[i]);
    }
    if (c->path.count == 0 || c->path.count > INT_MAX)
        return est__fail(EST_INVALID_ARGUMENT, "a CSV dataset needs input_path");
    c->format.path = c->path.name;
    c->format.paths = (int)c->path.count;
    return EST_OK;
}

static est_status set_format(csv *c, const est_csv_options *o)
{
    est__csv_format *f = &c->format;
    f->delimiter = o->field_delim ? o->field_delim : ',';
    f->quotes = !o->no_quote_delim;
    f->header = !o->no_header;
    f->skip = o->skip_errors;
    f->names_given = o->column_names.count > 0;
    f->na = est__arena_strdup(&c->arena, o->na_value ? o->na_value : "");
    if (!f->na)
        return est__fail_memory(1);
    f->na_length = strlen(f->na);
    if (strchr("\r\n", f->delimiter) || (f->quotes && f->delimiter == '"'))
        return est__fail(EST_INVALID_ARGUMENT, "field_delim cannot be a line end or a quote");
    if (!f->header && !f->names_given)
        return est__fail(EST_INVALID_ARGUMENT, "a CSV file without a header needs column_names");
    if (o->num_parallel_reads < 0 || o->memory_budget < EST_OFF)
        return est__fail(EST_INVALID_ARGUMENT, "num_parallel_reads and memory_budget cannot be negative");
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    c->threads = o->num_parallel_reads > 0 ? o->num_parallel_reads : cores < 1 ? 1 : (int)cores;
    if (c->threads > MOST_THREADS && o->num_parallel_reads <= 0)
        c->threads = MOST_THREADS;
    c->budget = o->memory_budget ? o->memory_budget : usual_budget;
    return EST_OK;
}

static est_status open_source(csv *c, const est_csv_options *o, int *label)
{
    const est__csv_block *b;
    const char **name = NULL;
    int count = 0;
    EST_TRY(find_files(c, o));
    EST_TRY(set_format(c, o));
    EST_TRY(est__csv_pipe_new(&c->format, c->threads, &c->pipe));
    if (est__csv_pipe_peek(c->pipe, &b) != EST_OK)
        return place_error(c, b, 0);
    if (c->format.header)
        EST_TRY(est__csv_header(&c->format, b, &c->arena, &name, &count));
    return est__csv_choose(o, name, count, &c->format, &c->arena, label);
}

est_status est_csv_dataset_new_sized(const est_csv_options *options, size_t size, est_dataset **out)
{
    est_csv_options o = { 0 };
    int label = -1;
    *out = NULL;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    csv *c = est__calloc(1, sizeof *c);
    if (!c)
        return est__fail_memory(sizeof *c);
    pthread_mutex_init(&c->lock, NULL);
    est_status st = open_source(c, &o, &label);
    if (st != EST_OK) {
        free_csv(c);
        return st;
    }
    EST_TRY(est__dataset_new(c->format.features, label, &est__source_csv, c, out));
    c->format.features = est_dataset_features(*out);   /* those in the options were lent */
    return EST_OK;
}
