/* Batches of rows: which kind of file it is, and the memory of the inputs. */
#include <stdlib.h>
#include <string.h>

#include "cli/rows.h"

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && !strcmp(s + n - m, end);
}

static bool grow(char **p, size_t *capacity, size_t need)
{
    size_t wanted = *capacity ? *capacity : 4096;
    if (need <= *capacity)
        return true;
    while (wanted < need)
        wanted *= 2;
    char *grown = realloc(*p, wanted);
    if (!grown)
        return false;
    *p = grown;
    *capacity = wanted;
    return true;
}

bool rows_add_bytes(rows_column *c, const void *p, size_t n)
{
    if (!grow(&c->data, &c->capacity, c->size + n))
        return false;
    memcpy(c->data + c->size, p, n);
    c->size += n;
    return true;
}

/* Offsets of the strings' ends; the first one is 0. */
bool rows_add_string(rows_column *c, const char *s, size_t n)
{
    if (!grow(&c->bytes, &c->bytes_capacity, c->bytes_size + n + 1))
        return false;
    memcpy(c->bytes + c->bytes_size, s, n);
    c->bytes_size += n;
    int64_t end = (int64_t)c->bytes_size;
    return rows_add_bytes(c, &end, sizeof end);
}

bool rows_clear(rows_column *c)
{
    c->size = c->bytes_size = 0;
    c->has_shape = false;
    c->tensor.shape = (est_shape){ 0 };
    return c->info->dtype != EST_STRING || rows_add_bytes(c, &(int64_t){ 0 }, sizeof(int64_t));
}

void rows_finish(rows_column *c, int64_t count)
{
    est_shape *s = &c->tensor.shape;
    memmove(s->dim + 1, s->dim, (size_t)s->rank * sizeof *s->dim);
    s->dim[0] = count;
    s->rank++;
    c->tensor.dtype = c->info->dtype;
    c->tensor.data = c->data;
    c->tensor.bytes = c->bytes;
}

static bool open_kind(rows *r)
{
    if (ends_with(r->path, ".tfrecord") || ends_with(r->path, ".tfrecord.gz") || ends_with(r->path, ".tfrecords") ||
        ends_with(r->path, ".tfrecords.gz"))
        return rows_open_records(r);
    if (ends_with(r->path, ".csv") || ends_with(r->path, ".csv.gz"))
        return rows_open_csv(r);
    return rows_open_json(r);
}

rows *rows_open(const char *path, const est_signature *signature)
{
    rows *r = calloc(1, sizeof *r);
    size_t n = signature->num_inputs;
    if (r) {
        *r = (rows){ .path = path, .signature = signature, .columns = calloc(n + 1, sizeof *r->columns),
                     .inputs = calloc(n + 1, sizeof *r->inputs) };
    }
    if (!r || !r->columns || !r->inputs) {
        cli_say("out of memory");
        rows_close(r);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        r->columns[i].info = &signature->inputs[i];
        r->inputs[i] = &r->columns[i].tensor;
    }
    if (!open_kind(r)) {
        rows_close(r);
        return NULL;
    }
    return r;
}

int64_t rows_next(rows *r)
{
    return r->next(r);
}

void rows_close(rows *r)
{
    if (!r)
        return;
    if (r->close)
        r->close(r);
    for (size_t i = 0; r->columns && i < r->signature->num_inputs; i++) {
        free(r->columns[i].data);
        free(r->columns[i].bytes);
    }
    free(r->columns);
    free(r->inputs);
    free(r);
}
