/* What formats whose records are lines of text have in common. */
#include "data/files.h"
#include "data/wanted.h"

size_t est__cut_lines(const void *format, const char *text, size_t size)
{
    (void)format;
    const char *end = memrchr(text, '\n', size);
    return end ? (size_t)(end + 1 - text) : 0;
}

est_status est__line_too_long(const void *format)
{
    (void)format;
    return est__fail(EST_INVALID_ARGUMENT, "a line of more than %d MiB", EST__LINE_LIMIT >> 20);
}

void est__parse_lines(est__block *b, bool skip, est__line_parser parse, void *parser)
{
    const char *text = b->text, *end = text + b->size;
    int64_t capacity = 0;
    for (; text < end && !b->fatal; b->lines++) {
        const char *feed = memchr(text, '\n', (size_t)(end - text));
        size_t n = (size_t)((feed ? feed : end) - text);
        bool row = true;
        est_status st = est__table_row(&b->table, &capacity);
        if (st == EST_OK)
            st = parse(parser, &b->table, text, n && text[n - 1] == '\r' ? n - 1 : n, &row);
        if (st != EST_OK)
            est__block_refuse(b, st, b->lines, skip && st != EST_RESOURCE_EXHAUSTED);
        else if (row)
            b->table.rows++;
        text += n + 1;
    }
}

est__shown est__show(const char *text, size_t n)
{
    enum { MOST = 40 };
    est__shown s;
    size_t shown = n < MOST ? n : MOST;
    while (shown < n && shown && ((unsigned char)text[shown] & 0xC0) == 0x80)
        shown--;
    for (size_t i = 0; i < shown; i++)
        s.text[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7F ? '?' : text[i];
    snprintf(s.text + shown, sizeof s.text - shown, "%s", shown < n ? "..." : "");
    return s;
}
