/* Any bytes as JSON, as the command reads it. Covers src/cli/json_read.c. */
#include <string.h>

#include "cli/cli.h"
#include "fuzz/fuzz.h"

/* What the nodes point to is read: all of it lies in the text, but for the names of true, false and their like. */
static size_t look(const json *j)
{
    size_t sum = 0;
    for (size_t i = 0; i < j->count; i++) {
        const json_node *n = &j->nodes[i];
        EST_FUZZ_CHECK(n->next < j->count && n->first < j->count);
        for (size_t k = 0; k < n->length; k++)
            sum += (unsigned char)n->text[k];
        sum += json_member(j, n, "key") != NULL;
    }
    return sum;
}

EST_FUZZ(json)
{
    char *text = malloc(size + 1);
    json j = { 0 };
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    if (json_parse(&j, text, size))
        (void)look(&j);
    else
        EST_FUZZ_CHECK(*j.error && j.error_at <= size);
    json_free(&j);
    free(text);
    return 0;
}
