/* estimator inspect: what a path is, and what it holds. */
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <estimator/inspect.h>
#include <estimator/object_checkpoint.h>
#include <estimator/records.h>

#include "cli/cli.h"

enum { EXAMPLES_SHOWN = 3, VALUES_SHOWN = 8, TAGS_LIMIT = 10000 };

static void put_shape(const est_shape *s)
{
    putchar('[');
    for (int i = 0; i < s->rank; i++)
        printf("%s%lld", i ? ", " : "", (long long)s->dim[i]);
    putchar(']');
}

/* ---- checkpoints ---- */

typedef struct range {
    double min, mean, max;
    int64_t bad;              /* NaN and infinities, which are left out of the rest */
} range;

static double number_at(const est_tensor *t, int64_t i)
{
    switch (t->dtype) {
    case EST_FLOAT: return (double)((const float *)t->data)[i];
    case EST_DOUBLE: return ((const double *)t->data)[i];
    case EST_INT32: return ((const int32_t *)t->data)[i];
    case EST_INT64: return (double)((const int64_t *)t->data)[i];
    case EST_INT16: return ((const int16_t *)t->data)[i];
    case EST_INT8: return ((const int8_t *)t->data)[i];
    case EST_UINT8: return ((const uint8_t *)t->data)[i];
    case EST_BOOL: return ((const bool *)t->data)[i];
    default: return NAN;
    }
}

static range range_of(const est_tensor *t)
{
    range r = { INFINITY, 0, -INFINITY, 0 };
    int64_t n = est_shape_elements(&t->shape), good = 0;
    for (int64_t i = 0; i < n; i++) {
        double v = number_at(t, i);
        if (!isfinite(v)) {
            r.bad++;
            continue;
        }
        r.min = fmin(r.min, v);
        r.max = fmax(r.max, v);
        r.mean += (v - r.mean) / (double)++good;
    }
    if (!good)
        r.min = r.mean = r.max = NAN;
    return r;
}

/* `full_name`: what the variable was called where an object-based checkpoint was saved; NULL: as here. */
static void put_variable(const est_checkpoint_variable *v, const char *full_name, const est_tensor *t, bool as_json)
{
    bool has_numbers = t->dtype != EST_STRING;
    range r = has_numbers ? range_of(t) : (range){ 0 };
    if (!as_json) {
        printf("  %-52s %-8s ", v->name, est_dtype_name(v->dtype));
        put_shape(&v->shape);
        if (has_numbers)
            printf("  min %.6g  mean %.6g  max %.6g", r.min, r.mean, r.max);
        if (r.bad)
            printf("  %lld not finite", (long long)r.bad);
        if (full_name)
            printf("  (%s)", full_name);
        putchar('\n');
        return;
    }
    fputs("{\"name\": ", stdout);
    json_string(stdout, v->name, strlen(v->name));
    printf(", \"dtype\": \"%s\", \"shape\": ", est_dtype_name(v->dtype));
    put_shape(&v->shape);
    if (full_name) {
        fputs(", \"full_name\": ", stdout);
        json_string(stdout, full_name, strlen(full_name));
    }
    const struct { const char *name; double value; } numbers[] = { { "min", r.min }, { "mean", r.mean }, { "max", r.max } };
    for (size_t i = 0; has_numbers && i < 3; i++) {
        printf(", \"%s\": ", numbers[i].name);
        json_double(stdout, numbers[i].value);
    }
    putchar('}');
}

/* "x.index" and "x.data-00000-of-00001" are parts of the checkpoint "x". */
static void cut_to_prefix(char *path)
{
    char *name = strrchr(path, '/');
    char *dot = strstr(name ? name : path, ".data-0");
    size_t n = strlen(path);
    if (dot)
        *dot = '\0';
    else if (n > 6 && !strcmp(path + n - 6, ".index"))
        path[n - 6] = '\0';
}

static est_status inspect_checkpoint(const char *path, bool as_json)
{
    char prefix[4096];
    est_checkpoint *c;
    snprintf(prefix, sizeof prefix, "%s", path);
    cut_to_prefix(prefix);
    est_status st = est_checkpoint_open(prefix, &c);
    if (st != EST_OK)
        return st;
    size_t count = est_checkpoint_count(c);
    if (as_json)
        fputs("{\"kind\": \"checkpoint\", \"variables\": [", stdout);
    else
        printf("%s: a checkpoint of %zu variables\n", prefix, count);
    for (size_t i = 0; st == EST_OK && i < count; i++) {
        const est_checkpoint_variable *v = est_checkpoint_variable_at(c, i);
        est_tensor *t = NULL;
        st = est_checkpoint_read(c, v->name, &t);
        if (st == EST_OK && i && as_json)
            fputs(", ", stdout);
        if (st == EST_OK)
            put_variable(v, est_checkpoint_full_name(c, v->name), t, as_json);
        est_tensor_free(t);
    }
    est_checkpoint_free(c);
    if (st == EST_OK && as_json)
        puts("]}");
    return st;
}

/* ---- event files ---- */

/* The points of one tag. */
typedef struct series {
    char *tag;
    struct point { long long step; float value; } *points;
    size_t count, capacity;
} series;

static bool add_point(series **all, size_t *count, const est_event_scalar *s)
{
    size_t i = 0;
    while (i < *count && strcmp((*all)[i].tag, s->tag))
        i++;
    if (i == *count) {
        series *grown = i < TAGS_LIMIT ? realloc(*all, (i + 1) * sizeof *grown) : NULL;
        if (!grown)
            return false;
        *all = grown;
        grown[i] = (series){ .tag = strdup(s->tag) };
        if (!grown[i].tag)
            return false;
        ++*count;
    }
    series *e = &(*all)[i];
    if (e->count == e->capacity) {
        size_t capacity = e->capacity ? e->capacity * 2 : 64;
        struct point *points = realloc(e->points, capacity * sizeof *points);
        if (!points)
            return false;
        e->points = points;
        e->capacity = capacity;
    }
    e->points[e->count++] = (struct point){ s->step, s->value };
    return true;
}

static void put_series(const series *s, bool as_json)
{
    if (as_json) {
        json_string(stdout, s->tag, strlen(s->tag));
        fputs(": [", stdout);
    } else {
        printf("  %s\n", s->tag);
    }
    for (size_t i = 0; i < s->count; i++) {
        printf(as_json ? "%s[%lld, " : "%s    step %-10lld ", i && as_json ? ", " : "", s->points[i].step);
        json_float(stdout, s->points[i].value);
        fputs(as_json ? "]" : "\n", stdout);
    }
    if (as_json)
        putchar(']');
}

static est_status inspect_events(const char *path, bool as_json)
{
    est_event_reader *r;
    est_event_scalar s;
    series *all = NULL;
    size_t count = 0;
    est_status st = est_event_reader_open(path, &r);
    if (st != EST_OK)
        return st;
    bool room = true;
    while (room && (st = est_event_reader_next(r, &s)) == EST_OK)
        room = add_point(&all, &count, &s);
    est_event_reader_free(r);
    if (st == EST_OUT_OF_RANGE) {
        st = EST_OK;
        if (as_json)
            fputs("{\"kind\": \"events\", \"scalars\": {", stdout);
        else
            printf("%s: an event file with %zu scalars\n", path, count);
        for (size_t i = 0; i < count; i++) {
            fputs(i && as_json ? ", " : "", stdout);
            put_series(&all[i], as_json);
        }
        fputs(as_json ? "}}\n" : "", stdout);
    } else if (!room) {
        cli_say("%s: too many scalars, or out of memory", path);
    }
    for (size_t i = 0; i < count; i++) {
        free(all[i].tag);
        free(all[i].points);
    }
    free(all);
    return room ? st : EST_CANCELLED;
}

/* ---- TFRecord ---- */

typedef struct shown {
    bool as_json, first;
} shown;

static est_status put_feature(const est_example_feature *f, void *user)
{
    shown *s = user;
    int64_t n = f->value ? f->value->shape.dim[0] : 0, most = s->as_json || n < VALUES_SHOWN ? n : VALUES_SHOWN;
    if (s->as_json) {
        fputs(s->first ? "" : ", ", stdout);
        json_string(stdout, f->name, strlen(f->name));
        fputs(": [", stdout);
    } else {
        printf("    %-24s %-8s [%lld]  ", f->name, f->value ? est_dtype_name(f->value->dtype) : "none", (long long)n);
    }
    s->first = false;
    for (int64_t i = 0; i < most; i++) {
        fputs(i ? ", " : "", stdout);
        json_element(stdout, f->value, i);
    }
    fputs(s->as_json ? "]" : n > most ? ", …\n" : "\n", stdout);
    return EST_OK;
}

static void put_record(const void *data, size_t size, long long number, bool as_json)
{
    shown s = { as_json, true };
    fputs(as_json ? number ? ", {" : "{" : "", stdout);
    if (!as_json)
        printf("  record %lld, %zu bytes\n", number, size);
    if (est_example_features(data, size, put_feature, &s) != EST_OK && !as_json)
        puts("    no tf.Example");
    fputs(as_json ? "}" : "", stdout);
}

static est_status inspect_records(const char *path, bool as_json)
{
    est_record_reader *r;
    const void *data;
    size_t size;
    long long count = 0;
    est_status st = est_record_reader_open(path, &r);
    if (st != EST_OK)
        return st;
    if (as_json)
        fputs("{\"kind\": \"records\", \"examples\": [", stdout);
    else
        printf("%s: a TFRecord file\n", path);
    for (; (st = est_record_reader_next(r, &data, &size)) == EST_OK; count++)
        if (count < EXAMPLES_SHOWN)
            put_record(data, size, count, as_json);
    est_record_reader_free(r);
    if (st != EST_OUT_OF_RANGE)
        return st;
    printf(as_json ? "], \"records\": %lld}\n" : "  %lld records\n", count);
    return EST_OK;
}

/* ---- folders ---- */

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_worth_naming(const struct dirent *e)
{
    return strstr(e->d_name, "tfevents") || (strstr(e->d_name, ".index") && !strstr(e->d_name, ".tmp"));
}

static est_status inspect_model_dir(const char *path, bool as_json)
{
    char prefix[4096];
    struct dirent **names;
    if (est_latest_checkpoint(path, prefix, sizeof prefix) != EST_OK)
        prefix[0] = '\0';
    if (as_json && *prefix)
        return inspect_checkpoint(prefix, true);
    if (as_json) {
        puts("{\"kind\": \"model directory\", \"variables\": []}");
        return EST_OK;
    }
    printf("%s: a model directory\n", path);
    int count = scandir(path, &names, is_worth_naming, by_name);
    for (int i = 0; i < count; i++) {
        printf("  %s\n", names[i]->d_name);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
    putchar('\n');
    return *prefix ? inspect_checkpoint(prefix, false) : EST_OK;
}

static est_status inspect(const cli *c, const char *path)
{
    est_file_kind kind;
    est_status st = est_file_kind_of(path, &kind);
    if (st != EST_OK)
        return st;
    switch (kind) {
    case EST_FILE_CHECKPOINT: return inspect_checkpoint(path, c->json);
    case EST_FILE_MODEL_DIR: return inspect_model_dir(path, c->json);
    case EST_FILE_EVENTS: return inspect_events(path, c->json);
    case EST_FILE_RECORDS: return inspect_records(path, c->json);
    case EST_FILE_SAVED_MODEL:
        if (!c->json)
            printf("%s: a SavedModel\n", path);
        fflush(stdout);
        return EST_OK;
    case EST_FILE_UNKNOWN: break;
    }
    cli_say("%s: neither a checkpoint, a SavedModel, a model directory, an event file nor a TFRecord file", path);
    return EST_CANCELLED;
}

static int run(cli *c)
{
    cli_output out;
    est_file_kind kind;
    est_status st = inspect(c, c->operands[0]);
    if (st == EST_OK && est_file_kind_of(c->operands[0], &kind) == EST_OK && kind == EST_FILE_SAVED_MODEL)
        return cli_show.run(c);
    if (st != EST_OK)
        return st == EST_CANCELLED ? CLI_FAILED : cli_fail(st);
    return cli_output_open(&out, NULL) && cli_output_close(&out, true) ? CLI_DONE : CLI_FAILED;
}

static const cli_option options[] = { { NULL, NULL, NULL, false } };
const cli_command cli_inspect = { "inspect", "PATH", "says what PATH is and prints its contents", 1, 1, false, options, run };
