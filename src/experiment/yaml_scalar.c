/* What a node is and says: the scalars of YAML's core schema, look-up by key, and messages that name file and line. */
#include "experiment/yaml.h"

const est__yaml_pair *est__yaml_find(const est__yaml *map, const char *key)
{
    for (size_t i = 0; map && map->kind == EST_YAML_MAP && i < map->count; i++)
        if (!strcmp(map->pairs[i].key, key))
            return &map->pairs[i];
    return NULL;
}

const est__yaml *est__yaml_get(const est__yaml *map, const char *key)
{
    const est__yaml_pair *p = est__yaml_find(map, key);
    return p ? p->value : NULL;
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (!strcmp(text, *words))
            return true;
    return false;
}

bool est__yaml_is_null(const est__yaml *n)
{
    static const char *const words[] = { "", "~", "null", "Null", "NULL", NULL };
    return !n || (n->kind == EST_YAML_SCALAR && n->plain && is_one_of(n->text, words));
}

bool est__yaml_bool(const est__yaml *n, bool *out)
{
    static const char *const yes[] = { "true", "True", "TRUE", NULL }, *const no[] = { "false", "False", "FALSE", NULL };
    if (n->kind != EST_YAML_SCALAR || !n->plain)
        return false;
    *out = is_one_of(n->text, yes);
    return *out || is_one_of(n->text, no);
}

/* 0x1F and 0o17. */
static bool parse_base(const char *digits, unsigned base, int64_t *out)
{
    uint64_t v = 0;
    if (!*digits)
        return false;
    for (; *digits; digits++) {
        static const char all[] = "0123456789abcdef";
        const char *at = strchr(all, *digits >= 'A' && *digits <= 'F' ? *digits - 'A' + 'a' : *digits);
        if (!at || (unsigned)(at - all) >= base || v > ((uint64_t)INT64_MAX - (unsigned)(at - all)) / base)
            return false;
        v = v * base + (unsigned)(at - all);
    }
    *out = (int64_t)v;
    return true;
}

bool est__yaml_int(const est__yaml *n, int64_t *out)
{
    if (n->kind != EST_YAML_SCALAR || !n->plain)
        return false;
    if (!strncmp(n->text, "0x", 2) || !strncmp(n->text, "0o", 2))
        return parse_base(n->text + 2, n->text[1] == 'x' ? 16 : 8, out);
    return est__parse_int64(n->text, strlen(n->text), out);
}

/* The bare words inf and nan are strings in YAML; .inf and .nan are the numbers. */
bool est__yaml_float(const est__yaml *n, double *out)
{
    int64_t i;
    if (n->kind != EST_YAML_SCALAR || !n->plain)
        return false;
    if (est__yaml_int(n, &i)) {
        *out = (double)i;
        return true;
    }
    const char *s = n->text + (n->text[0] == '-' || n->text[0] == '+');
    if (*s == '.' && strchr("iInN", s[1]) && s[1]) {
        double v;
        if (!est__parse_double(s + 1, strlen(s + 1), &v))
            return false;
        *out = n->text[0] == '-' ? -v : v;
        return true;
    }
    if (!strchr("0123456789.", *s) || !*s)
        return false;
    return est__parse_double(n->text, strlen(n->text), out);
}

bool est__yaml_string(const est__yaml *n, const char **out)
{
    bool b;
    double d;
    if (n->kind != EST_YAML_SCALAR || est__yaml_is_null(n) || est__yaml_bool(n, &b) || est__yaml_float(n, &d))
        return false;
    *out = n->text;
    return true;
}

const char *est__yaml_describe(const est__yaml *n, char room[160])
{
    bool b;
    double d;
    if (n->kind == EST_YAML_LIST)
        return "a list";
    if (n->kind == EST_YAML_MAP)
        return "a map";
    if (est__yaml_is_null(n))
        return "null";
    int length = (int)strcspn(n->text, "\n\r");
    const char *format = est__yaml_bool(n, &b) ? "%.*s" : est__yaml_float(n, &d) ? "the number %.*s" : "\"%.*s\"";
    if (length > 60)
        length = 60;
    while (length && ((unsigned char)n->text[length] & 0xc0) == 0x80) /* not in the middle of a character */
        length--;
    snprintf(room, 160, format, length, n->text);
    return room;
}

est_status est__yaml_fail_line(est_status status, const est__yaml *at, size_t line, const char *format, ...)
{
    char text[900];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (line)
        return est__fail(status, "%s:%zu: %s", at->file, line, text);
    return est__fail(status, "%s: %s", at->file, text);
}

est_status est__yaml_fail(const est__yaml *at, const char *format, ...)
{
    char text[900];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return est__yaml_fail_line(EST_INVALID_ARGUMENT, at, at->line, "%s", text);
}
