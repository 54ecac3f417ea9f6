/* TFRecord files as a dataset (tf.data.TFRecordDataset with parse_example). A record whose own checksum differs can be left
 * out; after one whose length is damaged, the rest of its file cannot be read. */
#include "data/tfrecord.h"

#include <estimator/readers.h>

#include "formats/tfrecord.h"

enum { HEADER = EST__TFRECORD_HEADER, TRAILER = EST__TFRECORD_TRAILER };

/* ---- records ---- */

static size_t cut(const void *format, const char *text, size_t size)
{
    size_t at = 0;
    uint64_t length;
    (void)format;
    while (size - at >= HEADER) {
        if (!est__tfrecord_length(text + at, &length) || length > EST__TFRECORD_LIMIT)
            return EST__NO_RECORDS;
        if (length + HEADER + TRAILER > size - at)
            break;
        at += (size_t)length + HEADER + TRAILER;
    }
    return at;
}

/* The record at the beginning of a text, and its size with its frame; 0: nothing can be read after it. */
static est_status next_record(const char *text, size_t left, est__bytes *record, size_t *whole)
{
    uint64_t length;
    *whole = 0;
    if (left < HEADER)
        return est__fail(EST_DATA_LOSS, "it is cut within its length: the file is damaged");
    if (!est__tfrecord_length(text, &length))
        return est__fail(EST_DATA_LOSS, "the checksum of its length differs: the file is damaged");
    if (length > EST__TFRECORD_LIMIT)
        return est__fail(EST_DATA_LOSS, "%llu bytes; at most %zu are read", (unsigned long long)length, EST__TFRECORD_LIMIT);
    if (length + HEADER + TRAILER > left)
        return est__fail(EST_DATA_LOSS, "it is cut: the file is damaged");
    *whole = (size_t)length + HEADER + TRAILER;
    *record = (est__bytes){ (const unsigned char *)text + HEADER, (size_t)length };
    if (!est__tfrecord_whole(text, record->n))
        return est__fail(EST_DATA_LOSS, "its checksum differs: the file is damaged");
    return EST_OK;
}

static void parse(void *reader, est__block *b, bool skip)
{
    const char *text = b->text;
    size_t left = b->size, whole = 0;
    int64_t capacity = 0;
    for (; left && !b->fatal; text += whole, left -= whole, b->lines++) {
        est__bytes record;
        bool memory = false;
        est_status st = next_record(text, left, &record, &whole);
        if (st == EST_OK) {
            st = est__table_row(&b->table, &capacity);
            memory = st != EST_OK;
        }
        if (st == EST_OK) {
            st = est__example_read(reader, record, &b->table);
            memory = st == EST_RESOURCE_EXHAUSTED;
        }
        if (st == EST_OK)
            b->table.rows++;
        else
            est__block_refuse(b, st, b->lines, skip && !memory);
        if (!whole)
            break;
    }
}

/* ---- the format ---- */

static est_status too_long(const void *format)
{
    (void)format;
    return est__fail(EST_DATA_LOSS, "more than %zu bytes", EST__TFRECORD_LIMIT);
}

static est_status parser_new(const void *format, void **out)
{
    est__example_reader *r;
    est_status st = est__example_reader_new(format, &r);
    *out = r;
    return st;
}

static void parser_free(void *parser)
{
    est__example_reader_free(parser);
}

static const est__file_kind kind = {
    .name = "tfrecord", .wanted = "TFRecord", .empty = "no records", .size = sizeof(est__selection), .records = true,
    .record_limit = 2 * EST__TFRECORD_LIMIT, .detect = est__tfrecord_detect, .cut = cut, .too_long = too_long,
    .parser_new = parser_new, .parse = parse, .parser_free = parser_free, .fingerprint = est__selection_fingerprint };

/* Whether the first record holds every label. */
static est_status look_for_label(est__files *files, est_strings label, bool *there)
{
    const est__block *b;
    est__bytes record;
    size_t whole;
    EST_TRY(est__files_peek(files, &b));
    *there = b->size && next_record(b->text, b->size, &record, &whole) == EST_OK;
    for (size_t i = 0; *there && i < label.count; i++)
        *there = est__example_has(record, label.data[i]);
    return EST_OK;
}

static est_status choose(est__files *files, const est_tfrecord_options *o)
{
    bool with_label = o->label.count > 0;
    if (with_label && o->label_may_be_absent)
        EST_TRY(look_for_label(files, o->label, &with_label));
    return est__select(o->features, o->sequence_features, o->label, with_label, &files->arena, files->format);
}

est_status est_tfrecord_dataset_new_sized(const est_tfrecord_options *options, size_t size, est_dataset **out)
{
    est_tfrecord_options o = { 0 };
    est__files *files;
    *out = NULL;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    EST_TRY(est__files_new(&kind, &(est__files_options){ .input_path = o.input_path, .skip_errors = o.skip_errors,
                                                         .num_parallel_reads = o.num_parallel_reads,
                                                         .memory_budget = o.memory_budget }, &files));
    est_status st = choose(files, &o);
    if (st != EST_OK) {
        est__files_free(files);
        return st;
    }
    const est__selection *s = files->format;
    return est__files_dataset(files, s->features, s->label, out);
}
