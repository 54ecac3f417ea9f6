/* Cuts CSV files into blocks of whole rows. A block ends at the last row that ends within 1 MiB of its start, so that where
 * it starts decides where it ends, whoever reads it. zlib reads plain and compressed files alike. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/csv.h"

void est__csv_block_free(est__csv_block *b)
{
    est__table_free(&b->table);
    est__free(b->text);
    *b = (est__csv_block){ 0 };
}

void est__csv_reader_close(est__csv_reader *r)
{
    if (r->stream)
        gzclose_r(r->stream);
    est__free(r->carry);
    *r = (est__csv_reader){ .format = r->format };
}

static const char *path_of(const est__csv_reader *r)
{
    return r->format->path[r->file];
}

static est_status open_file(est__csv_reader *r)
{
    struct stat s;
    int fd = open(path_of(r), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return est__fail_errno(errno, "%s", path_of(r));
    if (fstat(fd, &s) == 0 && S_ISDIR(s.st_mode)) {
        close(fd);
        return est__fail(EST_INVALID_ARGUMENT, "%s: it is a directory, a CSV file is needed", path_of(r));
    }
    r->stream = gzdopen(fd, "rb");
    if (!r->stream) {
        close(fd);
        return est__fail_memory(sizeof(void *));
    }
    gzbuffer(r->stream, 128 << 10);
    return EST_OK;
}

static est_status stream_failed(est__csv_reader *r)
{
    int code;
    const char *text = gzerror(r->stream, &code);
    if (code == Z_ERRNO)
        return est__fail_errno(errno, "%s", path_of(r));
    if (code == Z_MEM_ERROR)
        return est__fail_memory(128 << 10);
    if (code == Z_BUF_ERROR)
        return est__fail(EST_DATA_LOSS, "%s: the compressed file is cut short", path_of(r));
    const char *reason = strstr(text, ": ");   /* zlib begins with what it takes for the file's name */
    return est__fail(EST_DATA_LOSS, "%s: the compressed file is damaged: %s", path_of(r), reason ? reason + 2 : text);
}

est_status est__csv_reader_go(est__csv_reader *r, int file, uint64_t offset)
{
    if (r->stream && r->file != file) {
        gzclose_r(r->stream);
        r->stream = NULL;
    }
    r->file = file;
    r->offset = offset;
    r->carried = 0;
    if (file >= r->format->paths || (!r->stream && !offset))
        return EST_OK;
    if (!r->stream)
        EST_TRY(open_file(r));
    if (gzseek(r->stream, (z_off_t)offset, SEEK_SET) < 0)
        return stream_failed(r);
    return EST_OK;
}

static est_status text_room(est__csv_block *b, size_t size)
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
static est_status fill(est__csv_reader *r, est__csv_block *b, size_t wanted, bool *ended)
{
    EST_TRY(text_room(b, wanted));
    while (b->size < wanted) {
        int n = gzread(r->stream, b->text + b->size, (unsigned)(wanted - b->size));
        int code;
        if (n < 0)
            return stream_failed(r);
        b->size += (size_t)n;
        if (n == 0) {
            *ended = true;
            gzerror(r->stream, &code);   /* a cut file ends like a whole one, but for this */
            return code == Z_OK || code == Z_STREAM_END ? EST_OK : stream_failed(r);
        }
    }
    return EST_OK;
}

static est_status keep_rest(est__csv_reader *r, const est__csv_block *b, size_t cut)
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
static void drop_mark(est__csv_reader *r, est__csv_block *b)
{
    if (r->offset || b->size < 3 || memcmp(b->text, "\xEF\xBB\xBF", 3) != 0)
        return;
    b->size -= 3;
    memmove(b->text, b->text + 3, b->size);
    r->offset = 3;
}

static est_status cut_block(est__csv_reader *r, est__csv_block *b)
{
    const est__csv_format *f = r->format;
    for (size_t wanted = EST__CSV_BLOCK;; wanted *= 2) {
        EST_TRY(fill(r, b, wanted, &b->last));
        drop_mark(r, b);
        if (b->last)
            return EST_OK;
        size_t cut = est__csv_cut(b->text, b->size, f->delimiter, f->quotes);
        if (cut) {
            EST_TRY(keep_rest(r, b, cut));
            b->size = cut;
            return EST_OK;
        }
        if (wanted >= EST__CSV_ROW_LIMIT) {
            b->error_line = 0;
            return est__fail(EST_INVALID_ARGUMENT, "a row of more than %d MiB%s", EST__CSV_ROW_LIMIT >> 20,
                             f->quotes ? " (is a quote left open?)" : "");
        }
    }
}

est_status est__csv_read(est__csv_reader *r, est__csv_block *b)
{
    b->size = 0;
    b->last = false;
    b->error_line = -1;
    b->end = r->file >= r->format->paths;
    if (b->end)
        return EST_OK;
    if (!r->stream)
        EST_TRY(open_file(r));
    EST_TRY(text_room(b, EST__CSV_BLOCK));
    b->file = r->file;
    b->offset = r->offset;
    b->size = r->carried;
    if (r->carried)
        memcpy(b->text, r->carry, r->carried);
    EST_TRY(cut_block(r, b));
    b->text[b->size] = '\n';
    memset(b->text + b->size + 1, 0, EST__TEXT_SLACK);
    if (b->last) {
        gzclose_r(r->stream);
        r->stream = NULL;
        r->file++;
        r->offset = r->carried = 0;
    }
    return EST_OK;
}

/* The place after the last line end in [text, end); NULL: there is none. A lone carriage return counts, but not as the last
 * byte of the block (`open`), where the line feed that goes with it may be yet to come. */
static const char *last_line_end(const char *text, const char *end, bool open)
{
    const char *p = memrchr(text, '\n', (size_t)(end - text));
    if (!p && end > text)
        p = memrchr(text, '\r', (size_t)(end - text - open));
    return p ? p + 1 : NULL;
}

/* The place after the quoted field that opens before p; NULL: it does not end in this text. */
static const char *closing_quote(const char *p, const char *end)
{
    while ((p = memchr(p, '"', (size_t)(end - p))) != NULL) {
        if (p + 1 == end)
            return NULL;
        if (p[1] != '"')
            return p + 1;
        p += 2;
    }
    return NULL;
}

/* Follows the quotes as the parser will: a quote opens a field only at its start, and what breaks the rules spoils the rest
 * of its line. */
size_t est__csv_cut(const char *text, size_t size, char delimiter, bool quotes)
{
    const char *p = text, *end = text + size, *cut = NULL;
    while (p < end) {
        const char *quote = quotes ? memchr(p, '"', (size_t)(end - p)) : NULL, *found;
        found = last_line_end(p, quote ? quote : end, !quote);
        if (found)
            cut = found;
        if (!quote)
            break;
        bool opens = quote == text || quote[-1] == delimiter || quote[-1] == '\n' || quote[-1] == '\r';
        if (opens) {
            p = closing_quote(quote + 1, end);
            if (!p)
                break;
            if (*p == delimiter || *p == '\n' || *p == '\r')
                continue;
            quote = p;
        }
        p = memchr(quote, '\n', (size_t)(end - quote));
        if (!p)
            break;
        cut = ++p;
    }
    return cut ? (size_t)(cut - text) : 0;
}
