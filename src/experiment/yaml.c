/* libyaml's events become our tree. A file is taken as hostile: depth, size and the number of nodes are bounded, aliases are
 * shared and not copied, and a key that stands twice in one map is an error. */
#include <errno.h>
#include <unistd.h>
#include <yaml.h>

#include "experiment/yaml.h"

enum { DEPTH_LIMIT = 100, SIZE_LIMIT = 16 << 20, NODE_LIMIT = 4 << 20 };

typedef struct reader {
    est__yaml_document *document;
    const char *file, *base, *text;
    size_t size;
    yaml_parser_t parser;
    yaml_event_t event;
    est__map *anchors;
} reader;

static est_status fail_at(const reader *r, size_t line, const char *format, ...) EST_PRINTF(3, 4);
static est_status fail_at(const reader *r, size_t line, const char *format, ...)
{
    char text[900];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (line)
        return est__fail(EST_INVALID_ARGUMENT, "%s:%zu: %s", r->file, line, text);
    return est__fail(EST_INVALID_ARGUMENT, "%s: %s", r->file, text);
}

/* What has no base is the value of a --set, whose lines mean nothing. */
static size_t line_of(const reader *r, const yaml_mark_t *mark)
{
    return r->base ? mark->line + 1 : 0;
}

static est_status parser_error(reader *r)
{
    const yaml_parser_t *p = &r->parser;
    yaml_mark_t at = p->problem_mark;
    size_t lines = 0;
    if (p->error == YAML_MEMORY_ERROR)
        return est__fail_memory(SIZE_LIMIT);
    if (p->error == YAML_READER_ERROR) {
        at.line = 0;
        for (size_t i = 0; i < p->problem_offset && i < r->size; i++)
            at.line += r->text[i] == '\n';
    }
    for (size_t i = 0; i + 1 < r->size; i++)
        lines += r->text[i] == '\n';
    if (at.line > lines) /* what is missing at the end of the file is missing on its last line */
        at.line = lines;
    const char *context = p->context ? p->context : "";
    return fail_at(r, line_of(r, &at), "not YAML: %s%s%s", context, *context ? ", " : "", p->problem ? p->problem : "it cannot be read");
}

static est_status next_event(reader *r)
{
    yaml_event_delete(&r->event);
    if (!yaml_parser_parse(&r->parser, &r->event))
        return parser_error(r);
    return EST_OK;
}

static est_status new_node(reader *r, est__yaml_kind kind, est__yaml **out)
{
    est__yaml *n = est__arena_alloc(&r->document->arena, sizeof *n);
    if (!n)
        return est__fail_memory(sizeof *n);
    *n = (est__yaml){ .kind = kind, .file = r->file, .base = r->base, .line = line_of(r, &r->event.start_mark) };
    *out = n;
    if (++r->document->nodes > NODE_LIMIT)
        return fail_at(r, n->line, "the configuration is too large: more than %d nodes", NODE_LIMIT);
    return EST_OK;
}

/* Lists and maps grow in the arena, by doubling; what they leave behind is freed with it. */
static est_status make_room(est__yaml_document *d, est__yaml *n)
{
    size_t element = n->kind == EST_YAML_MAP ? sizeof *n->pairs : sizeof *n->items;
    if (n->count < n->capacity)
        return EST_OK;
    size_t capacity = n->capacity ? n->capacity * 2 : 4;
    void *p = est__arena_alloc(&d->arena, capacity * element);
    if (!p)
        return est__fail_memory(capacity * element);
    const void *old = n->kind == EST_YAML_MAP ? (const void *)n->pairs : (const void *)n->items;
    if (n->count)
        memcpy(p, old, n->count * element);
    if (n->kind == EST_YAML_MAP)
        n->pairs = p;
    else
        n->items = p;
    n->capacity = capacity;
    return EST_OK;
}

static est_status set_depth(const reader *r, est__yaml *n, const est__yaml *child)
{
    if (child->depth + 1 > n->depth)
        n->depth = child->depth + 1;
    if (n->depth > DEPTH_LIMIT)
        return fail_at(r, child->line, "nested deeper than %d", DEPTH_LIMIT);
    return EST_OK;
}

static est_status check_tag(const reader *r, const char *tag, bool *plain)
{
    static const char *const known[] = { YAML_NULL_TAG, YAML_BOOL_TAG, YAML_INT_TAG, YAML_FLOAT_TAG, YAML_SEQ_TAG, YAML_MAP_TAG };
    if (!tag)
        return EST_OK;
    if (!strcmp(tag, YAML_STR_TAG) || !strcmp(tag, "!")) {
        *plain = false;
        return EST_OK;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(tag, known[i]))
            return EST_OK;
    return fail_at(r, line_of(r, &r->event.start_mark), "the tag '%s' means nothing here", tag);
}

static est_status read_scalar(reader *r, est__yaml **out)
{
    EST_TRY(new_node(r, EST_YAML_SCALAR, out));
    est__yaml *n = *out;
    const char *value = (const char *)r->event.data.scalar.value;
    size_t length = r->event.data.scalar.length;
    n->plain = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    EST_TRY(check_tag(r, (const char *)r->event.data.scalar.tag, &n->plain));
    if (memchr(value, 0, length))
        return fail_at(r, n->line, "a NUL character inside a value");
    n->text = est__arena_strndup(&r->document->arena, value, length);
    return n->text ? EST_OK : est__fail_memory(length);
}

static est_status read_node(reader *r, int depth, const est__yaml **out);

static est_status read_list(reader *r, int depth, est__yaml **out)
{
    bool plain;
    EST_TRY(new_node(r, EST_YAML_LIST, out));
    EST_TRY(check_tag(r, (const char *)r->event.data.sequence_start.tag, &plain));
    est__yaml *n = *out;
    for (;;) {
        EST_TRY(next_event(r));
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            return EST_OK;
        const est__yaml *item;
        EST_TRY(read_node(r, depth + 1, &item));
        EST_TRY(set_depth(r, n, item));
        EST_TRY(make_room(r->document, n));
        n->items[n->count++] = item;
    }
}

static est_status add_pair(est__yaml_document *d, est__yaml *map, est__yaml_pair pair)
{
    EST_TRY(make_room(d, map));
    map->pairs[map->count++] = pair;
    return EST_OK;
}

/* `<<: *other`, or a list of them: their keys where the map has none of its own; earlier ones win. */
static est_status merge_key(reader *r, est__yaml *map, est__map *seen, const est__yaml *from, size_t line)
{
    if (from->kind == EST_YAML_LIST) {
        for (size_t i = 0; i < from->count; i++) {
            if (from->items[i]->kind != EST_YAML_MAP)
                return fail_at(r, line, "'<<' takes a map or a list of maps");
            EST_TRY(merge_key(r, map, seen, from->items[i], line));
        }
        return EST_OK;
    }
    if (from->kind != EST_YAML_MAP)
        return fail_at(r, line, "'<<' takes a map or a list of maps");
    for (size_t i = 0; i < from->count; i++) {
        const est__yaml_pair *p = &from->pairs[i];
        if (est__map_get(seen, p->key, strlen(p->key)))
            continue;
        if (++r->document->nodes > NODE_LIMIT)
            return fail_at(r, line, "the configuration is too large: more than %d nodes", NODE_LIMIT);
        EST_TRY(est__map_put(seen, p->key, strlen(p->key), map));
        EST_TRY(add_pair(r->document, map, *p));
    }
    return EST_OK;
}

static est_status read_pairs(reader *r, int depth, est__yaml *map, est__map *seen)
{
    const est__yaml *merged = NULL;
    size_t merged_line = 0;
    for (;;) {
        EST_TRY(next_event(r));
        if (r->event.type == YAML_MAPPING_END_EVENT)
            break;
        size_t line = line_of(r, &r->event.start_mark);
        est__yaml *key;
        const est__yaml *value;
        if (r->event.type != YAML_SCALAR_EVENT)
            return fail_at(r, line, "a key must be a plain name");
        EST_TRY(read_scalar(r, &key));
        EST_TRY(next_event(r));
        EST_TRY(read_node(r, depth + 1, &value));
        EST_TRY(set_depth(r, map, value));
        bool is_merge = key->plain && !strcmp(key->text, "<<");
        if (is_merge ? merged != NULL : est__map_get(seen, key->text, strlen(key->text)) != NULL)
            return fail_at(r, line, "the key '%.100s' stands here for the second time", key->text);
        if (is_merge) {
            merged = value;
            merged_line = line;
            continue;
        }
        EST_TRY(est__map_put(seen, key->text, strlen(key->text), map));
        EST_TRY(add_pair(r->document, map, (est__yaml_pair){ key->text, line, value }));
    }
    return merged ? merge_key(r, map, seen, merged, merged_line) : EST_OK;
}

static est_status read_map(reader *r, int depth, est__yaml **out)
{
    bool plain;
    EST_TRY(new_node(r, EST_YAML_MAP, out));
    EST_TRY(check_tag(r, (const char *)r->event.data.mapping_start.tag, &plain));
    est__map *seen = est__map_new();
    if (!seen)
        return est__fail_memory(1);
    est_status st = read_pairs(r, depth, *out, seen);
    est__map_free(seen);
    return st;
}

/* An anchor is known once its node is complete, so that no node can hang below itself. */
static est_status read_node(reader *r, int depth, const est__yaml **out)
{
    est__yaml *n = NULL;
    est_status st;
    size_t line = line_of(r, &r->event.start_mark);
    const yaml_char_t *anchor = NULL;
    if (depth > DEPTH_LIMIT)
        return fail_at(r, line, "nested deeper than %d", DEPTH_LIMIT);
    if (r->event.type == YAML_ALIAS_EVENT) {
        const char *name = (const char *)r->event.data.alias.anchor;
        *out = est__map_get(r->anchors, name, strlen(name));
        return *out ? EST_OK : fail_at(r, line, "the alias '*%.100s' names no anchor before it", name);
    }
    switch (r->event.type) {
    case YAML_SCALAR_EVENT: anchor = r->event.data.scalar.anchor; break;
    case YAML_SEQUENCE_START_EVENT: anchor = r->event.data.sequence_start.anchor; break;
    case YAML_MAPPING_START_EVENT: anchor = r->event.data.mapping_start.anchor; break;
    default: return fail_at(r, line, "not YAML: a value is missing");
    }
    char *name = anchor ? est__arena_strdup(&r->document->arena, (const char *)anchor) : NULL;
    if (anchor && !name)
        return est__fail_memory(1);
    if (r->event.type == YAML_SCALAR_EVENT)
        st = read_scalar(r, &n);
    else if (r->event.type == YAML_SEQUENCE_START_EVENT)
        st = read_list(r, depth, &n);
    else
        st = read_map(r, depth, &n);
    if (st == EST_OK && name)
        st = est__map_put(r->anchors, name, strlen(name), n);
    *out = n;
    return st;
}

static est_status read_document(reader *r, const est__yaml **out)
{
    EST_TRY(next_event(r)); /* the start of the stream */
    EST_TRY(next_event(r));
    if (r->event.type == YAML_STREAM_END_EVENT) {
        est__yaml *null;
        EST_TRY(new_node(r, EST_YAML_SCALAR, &null));
        null->plain = true;
        null->text = "";
        *out = null;
        return EST_OK;
    }
    EST_TRY(next_event(r));
    EST_TRY(read_node(r, 0, out));
    EST_TRY(next_event(r)); /* the end of the document */
    EST_TRY(next_event(r));
    if (r->event.type != YAML_STREAM_END_EVENT)
        return fail_at(r, line_of(r, &r->event.start_mark), "a second document begins here; one file holds one configuration");
    return EST_OK;
}

/* Any value, not a map alone. `base` NULL: a text that has no lines worth naming. */
static est_status parse_value(est__yaml_document *d, const char *file, const char *base, const char *text, size_t size,
                              const est__yaml **out)
{
    reader r = { .document = d, .text = text, .size = size };
    est_status st = EST_OK;
    *out = NULL;
    r.file = est__arena_strdup(&d->arena, file);
    r.base = base ? est__arena_strdup(&d->arena, base) : NULL;
    r.anchors = est__map_new();
    if (!r.file || (base && !r.base) || !r.anchors || !yaml_parser_initialize(&r.parser)) {
        est__map_free(r.anchors);
        return est__fail_memory(sizeof r);
    }
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, size);
    st = read_document(&r, out);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    est__map_free(r.anchors);
    return st;
}

/* An empty map that stands where `at` does. */
static est_status new_map(est__yaml_document *d, const est__yaml *at, est__yaml **out)
{
    est__yaml *n = est__arena_alloc(&d->arena, sizeof *n);
    if (!n)
        return est__fail_memory(sizeof *n);
    *n = (est__yaml){ .kind = EST_YAML_MAP, .file = at->file, .base = at->base, .line = at->line };
    *out = n;
    return EST_OK;
}

est_status est__yaml_parse(est__yaml_document *d, const char *file, const char *base, const char *text, size_t size,
                           const est__yaml **out)
{
    EST_TRY(parse_value(d, file, base, text, size, out));
    if (est__yaml_is_null(*out)) {
        est__yaml *empty = NULL;
        EST_TRY(new_map(d, *out, &empty));
        *out = empty;
    }
    if ((*out)->kind != EST_YAML_MAP) {
        char room[160];
        return est__yaml_fail(*out, "a configuration is a map of keys, not %s", est__yaml_describe(*out, room));
    }
    return EST_OK;
}

static est_status read_stdin(char **data, size_t *size)
{
    est__buffer b = { 0 };
    char piece[65536];
    ssize_t n;
    while ((n = read(STDIN_FILENO, piece, sizeof piece)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            est__buffer_free(&b);
            return est__fail_errno(errno, "stdin");
        }
        est__buffer_bytes(&b, piece, (size_t)n);
        if (b.status != EST_OK || b.size > SIZE_LIMIT) {
            est_status st = b.status;
            est__buffer_free(&b);
            return st != EST_OK ? est__fail_memory(SIZE_LIMIT)
                                : est__fail(EST_INVALID_ARGUMENT, "stdin: more than %d bytes", SIZE_LIMIT);
        }
    }
    est__buffer_bytes(&b, "", 0);
    *data = b.data ? b.data : est__strdup("");
    *size = b.size;
    return *data ? EST_OK : est__fail_memory(1);
}

est_status est__yaml_read(est__yaml_document *d, const char *path, const char *base, const est__yaml **out)
{
    char *data = NULL;
    size_t size = 0;
    bool is_stdin = !strcmp(path, "-");
    EST_TRY(is_stdin ? read_stdin(&data, &size) : est__file_read(path, SIZE_LIMIT, &data, &size));
    est_status st = est__yaml_parse(d, is_stdin ? "stdin" : path, base, data, size, out);
    est__free(data);
    return st;
}

static est_status copy_map(est__yaml_document *d, const est__yaml *from, est__yaml **out)
{
    est__yaml *n = est__arena_alloc(&d->arena, sizeof *n);
    size_t bytes = (from->count + 1) * sizeof *n->pairs;
    if (!n)
        return est__fail_memory(sizeof *n);
    *n = *from;
    n->capacity = from->count + 1;
    n->pairs = est__arena_alloc(&d->arena, bytes);
    if (!n->pairs)
        return est__fail_memory(bytes);
    if (from->count)
        memcpy(n->pairs, from->pairs, from->count * sizeof *n->pairs);
    d->nodes += from->count + 1;
    if (d->nodes > NODE_LIMIT)
        return est__yaml_fail(from, "the configuration is too large: more than %d nodes", NODE_LIMIT);
    *out = n;
    return EST_OK;
}

static void hang(est__yaml *map, size_t i, const est__yaml *value)
{
    map->pairs[i].value = value;
    if (value->depth + 1 > map->depth)
        map->depth = value->depth + 1;
}

static est_status merge_pairs(est__yaml_document *d, est__yaml *into, const est__yaml *over, est__map *places)
{
    for (size_t i = 0; i < into->count; i++)
        EST_TRY(est__map_put(places, into->pairs[i].key, strlen(into->pairs[i].key), (void *)(i + 1)));
    for (size_t i = 0; i < over->count; i++) {
        est__yaml_pair p = over->pairs[i];
        size_t place = (size_t)est__map_get(places, p.key, strlen(p.key));
        if (!place) {
            EST_TRY(add_pair(d, into, p));
            hang(into, into->count - 1, p.value);
            continue;
        }
        const est__yaml *under = into->pairs[place - 1].value;
        if (under->kind == EST_YAML_MAP && p.value->kind == EST_YAML_MAP)
            EST_TRY(est__yaml_merge(d, under, p.value, &p.value));
        into->pairs[place - 1] = p;
        hang(into, place - 1, p.value);
    }
    return EST_OK;
}

est_status est__yaml_merge(est__yaml_document *d, const est__yaml *under, const est__yaml *over, const est__yaml **out)
{
    est__yaml *n;
    EST_TRY(copy_map(d, under, &n));
    est__map *places = est__map_new();
    if (!places)
        return est__fail_memory(1);
    est_status st = merge_pairs(d, n, over, places);
    est__map_free(places);
    *out = n;
    return st;
}

/* `map` with `value` at the dotted path: a copy of each map on the way. A list or a number there is not replaced by accident. */
static est_status set_in(est__yaml_document *d, const est__yaml *map, const char *path, int depth, const est__yaml *value,
                         const est__yaml **out)
{
    const char *dot = strchr(path, '.');
    size_t length = dot ? (size_t)(dot - path) : strlen(path), place = 0;
    char *key = est__arena_strndup(&d->arena, path, length);
    char room[160];
    est__yaml *n;
    if (!key)
        return est__fail_memory(length);
    if (!length || depth > DEPTH_LIMIT)
        return est__yaml_fail(value, "PATH is names joined by dots, as in task.train_data.batch_size=64");
    if (map && map->kind != EST_YAML_MAP && !est__yaml_is_null(map))
        return est__yaml_fail(value, "'%s' cannot be set inside %s", key, est__yaml_describe(map, room));
    if (map && map->kind == EST_YAML_MAP)
        EST_TRY(copy_map(d, map, &n));
    else
        EST_TRY(new_map(d, value, &n));
    if (dot)
        EST_TRY(set_in(d, est__yaml_get(map, key), dot + 1, depth + 1, value, &value));
    while (place < n->count && strcmp(n->pairs[place].key, key))
        place++;
    if (place == n->count)
        EST_TRY(add_pair(d, n, (est__yaml_pair){ .key = key }));
    hang(n, place, value);
    *out = n;
    return EST_OK;
}

est_status est__yaml_set(est__yaml_document *d, const est__yaml *root, const char *setting, const est__yaml **out)
{
    const char *equals = strchr(setting, '=');
    const est__yaml *value;
    if (!equals)
        return est__fail(EST_INVALID_ARGUMENT, "--set %.200s: PATH=VALUE is wanted, as in task.train_data.batch_size=64", setting);
    char *path = est__arena_strndup(&d->arena, setting, (size_t)(equals - setting));
    char *file = est__arena_printf(&d->arena, "--set %.200s", setting);
    if (!path || !file)
        return est__fail_memory(strlen(setting));
    EST_TRY(parse_value(d, file, NULL, equals + 1, strlen(equals + 1), &value));
    return set_in(d, root, path, 0, value, out);
}

void est__yaml_free(est__yaml_document *d)
{
    est__arena_free(&d->arena);
    *d = (est__yaml_document){ 0 };
}
