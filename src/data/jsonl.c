/* JSON lines as a dataset: an object a line. */
#include <estimator/readers.h>

#include "data/jsonl.h"

static est_status parser_new(const void *format, void **out)
{
    est__json_reader *r;
    est_status st = est__json_reader_new(format, &r);
    *out = r;
    return st;
}

static void parser_free(void *parser)
{
    est__json_reader_free(parser);
}

static void parse(void *parser, est__block *b, bool skip)
{
    est__json_parse(parser, b, skip);
}

static const est__file_kind kind = {
    .name = "jsonl", .wanted = "JSON lines", .empty = "no rows", .size = sizeof(est__selection), .record_limit = EST__LINE_LIMIT,
    .detect = est__detect_gzip, .cut = est__cut_lines, .too_long = est__line_too_long, .parser_new = parser_new, .parse = parse,
    .parser_free = parser_free, .fingerprint = est__selection_fingerprint };

/* Whether the first object has every label; where it cannot be read, that is found out later. */
static est_status look_for_label(est__files *files, est_strings label, bool *there)
{
    const est__block *b;
    EST_TRY(est__files_peek(files, &b));
    const char *text = b->text, *end = text + b->size, *feed = memchr(text, '\n', b->size);
    for (size_t i = 0; *there && i < label.count; i++)
        EST_TRY(est__json_has(text, (size_t)((feed ? feed : end) - text), label.data[i], there));
    return EST_OK;
}

static est_status choose(est__files *files, const est_jsonl_options *o)
{
    bool with_label = o->label.count > 0;
    if (with_label && o->label_may_be_absent)
        EST_TRY(look_for_label(files, o->label, &with_label));
    return est__select(o->features, (est_features_spec){ 0 }, o->label, with_label, &files->arena, files->format);
}

est_status est_jsonl_dataset_new_sized(const est_jsonl_options *options, size_t size, est_dataset **out)
{
    est_jsonl_options o = { 0 };
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
