/* Cuts files into blocks of whole records. A block ends at the last record that ends within a number of bytes (1 MiB, mostly)
 * of its start, so that where it starts decides where it ends, whoever reads it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/files.h"

void est__block_free(est__block *b)
{
    est__table_free(&b->table);
    est__free(b->text);
    *b = (est__block){ 0 };
}

est_status est__block_begin(est__block *b, est_features_spec features)
{
    b->lines = b->skipped = 0;
    b->fatal = false;
    b->error.status = EST_OK;
    b->error_line = -1;
    if (!b->table.column)
        EST_TRY(est__table_init(&b->table, features));
    b->table.rows = 0;
    return EST_OK;
}

void est__block_refuse(est__block *b, est_status st, int64_t line, bool skip)
{
    if (b->error.status == EST_OK) {
        est__error_take(&b->error, st);
        b->error_line = line;
    }
    b->skipped++;
    b->fatal = !skip;
}

static void close_file(est__block_reader *r)
{
    est__stream_close(r->stream);
    r->stream = NULL;
}

void est__block_reader_close(est__block_reader *r)
{
    close_file(r);
    est__free(r->carry);
    *r = (est__block_reader){ .files = r->files };
}

static const char *path_of(const est__block_reader *r)
{
    return r->files->path[r->file];
}

static est_status open_file(est__block_reader *r)
{
    const est__file_kind *kind = r->files->kind;
    struct stat s;
    int fd = open(path_of(r), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return est__fail_errno(errno, "%s", path_of(r));
    if (fstat(fd, &s) == 0 && S_ISDIR(s.st_mode)) {
        close(fd);
        return est__fail(EST_INVALID_ARGUMENT, "%s: it is a directory, a %s file is needed", path_of(r), kind->wanted);
    }
    est_status st = est__stream_open(fd, kind->detect, &r->stream);
    return st == EST_OK ? st : est__fail_in(st, "%s", path_of(r));
}

est_status est__block_reader_go(est__block_reader *r, int file, uint64_t offset)
{
    if (r->stream && r->file != file)
        close_file(r);
    r->file = file;
    r->offset = offset;
    r->carried = 0;
    if (file >= r->files->paths || (!r->stream && !offset))
        return EST_OK;
    if (!r->stream)
        EST_TRY(open_file(r));
    est_status st = est__stream_seek(r->stream, offset);
    return st == EST_OK ? st : est__fail_in(st, "%s", path_of(r));
}

static est_status text_room(est__block *b, size_t size)
{
    size_t wanted = size + 1 + EST__TEXT_SLACK;
    if (wanted <= b->capacity)
        return EST_OK;
    char *p = est__realloc(b->text, wanted);
    if (!p)
        return est__fail_memory(wanted);
    b->text = p;
    b->capacity = wanted;
    return EST_OK;
}

/* Reads until the block holds `wanted` bytes or the file ends. */
static est_status fill(est__block_reader *r, est__block *b, size_t wanted)
{
    size_t n = 0;
    EST_TRY(text_room(b, wanted));
    est_status st = b->size < wanted ? est__stream_read(r->stream, b->text + b->size, wanted - b->size, &n) : EST_OK;
    b->size += n;
    b->last = b->size < wanted;
    return st;
}

static est_status keep_rest(est__block_reader *r, const est__block *b, size_t cut)
{
    size_t n = b->size - cut;
    EST_TRY(est__grow(&r->carry, &r->capacity, n, 1));
    if (n)
        memcpy(r->carry, b->text + cut, n);
    r->carried = n;
    r->offset += cut;
    return EST_OK;
}

/* The UTF-8 byte-order mark at the start of a file. */
static void drop_mark(est__block_reader *r, est__block *b)
{
    if (r->offset || b->size < 3 || memcmp(b->text, "\xEF\xBB\xBF", 3) != 0)
        return;
    b->size -= 3;
    memmove(b->text, b->text + 3, b->size);
    r->offset = 3;
}

/* A compressed file that cannot be read on: its whole records up to there are given, where they are sure to be what was
 * written, and the block says what comes after them. */
static est_status keep_whole(est__block_reader *r, est__block *b, est_status st)
{
    const est__files *f = r->files;
    bool sure = f->kind->records || est__stream_is_cut(r->stream);
    size_t cut = sure ? f->kind->cut(f->format, b->text, b->size) : 0;
    if (!f->kind->records)
        st = est__fail_in(st, "%s", path_of(r));
    est__error_take(&b->damage, st);
    if (cut != EST__NO_RECORDS)
        b->size = cut;
    b->last = true;
    return EST_OK;
}

static est_status cut_block(est__block_reader *r, est__block *b)
{
    const est__files *f = r->files;
    for (size_t wanted = f->block;; wanted *= 2) {
        est_status st = fill(r, b, wanted);
        if (!f->kind->records)
            drop_mark(r, b);
        if (st == EST_DATA_LOSS)
            return keep_whole(r, b, st);
        if (st != EST_OK)
            return est__fail_in(st, "%s", path_of(r));
        if (b->last)
            return EST_OK;
        size_t cut = f->kind->cut(f->format, b->text, b->size < wanted ? b->size : wanted);
        b->last = cut == EST__NO_RECORDS;
        if (b->last)
            return EST_OK;
        if (cut) {
            EST_TRY(keep_rest(r, b, cut));
            b->size = cut;
            return EST_OK;
        }
        if (wanted >= f->kind->record_limit) {
            b->error_line = 0;
            return f->kind->too_long(f->format);
        }
    }
}

est_status est__block_read(est__block_reader *r, est__block *b)
{
    b->size = 0;
    b->last = false;
    b->error_line = -1;
    b->damage.status = EST_OK;
    b->end = r->file >= r->files->paths;
    if (b->end)
        return EST_OK;
    if (!r->stream)
        EST_TRY(open_file(r));
    EST_TRY(text_room(b, r->carried));
    b->file = r->file;
    b->offset = r->offset;
    b->size = r->carried;
    if (r->carried)
        memcpy(b->text, r->carry, r->carried);
    EST_TRY(cut_block(r, b));
    b->text[b->size] = '\n';
    memset(b->text + b->size + 1, 0, EST__TEXT_SLACK);
    if (b->last) {
        close_file(r);
        r->file++;
        r->offset = r->carried = 0;
    }
    return EST_OK;
}
