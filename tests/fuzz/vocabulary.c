/* Any bytes as a vocabulary file that fills a lookup table; the first bytes choose its dtypes and columns. Covers
 * src/ops/vocabulary_text.c, src/ops/lookup_table.c. */
#include "fuzz/fuzz.h"
#include "ops/lookup_table.h"

static const est_dtype keys[] = { EST_STRING, EST_INT64, EST_INT32 };
static const est_dtype values[] = { EST_INT64, EST_STRING, EST_FLOAT, EST_DOUBLE, EST_INT32, EST_BOOL };
static const int64_t columns[] = { EST__WHOLE_LINE, EST__LINE_NUMBER, 0, 1, 2 };
static const int64_t sizes[] = { -1, 1, 3, INT64_MAX };

#define PICK(from, byte) (from)[(byte) % (sizeof (from) / sizeof *(from))]

EST_FUZZ(vocabulary)
{
    enum { CHOICES = 5 };
    est__table *t;
    if (size < CHOICES || est__table_new("t", PICK(keys, data[0]), PICK(values, data[1]), &t) != EST_OK)
        return 0;
    est__vocabulary_text s = { .key_index = PICK(columns, data[2]), .value_index = PICK(columns, data[3]),
                               .vocab_size = PICK(sizes, data[4]), .offset = data[4] & 4 ? INT64_MAX : 0,
                               .delimiter = data[4] & 8 ? ',' : '\t' };
    const char *text = (const char *)data + CHOICES;
    int64_t lines;
    (void)est__vocabulary_lines(text, size - CHOICES, 0, &lines);
    if (est__table_import_text(t, &s, text, size - CHOICES) == EST_OK) {
        for (int64_t i = 0; i < est__tensor_elements(t->keys); i++)
            EST_FUZZ_CHECK(est__table_find(t, t->keys, i) >= 0);
        EST_FUZZ_CHECK(est__table_import_text(t, &s, text, size - CHOICES) == EST_OK);
        s.vocab_size = -1;
        s.offset = 1;
        (void)est__table_import_text(t, &s, text, size - CHOICES);
    }
    est__free(t->base.name);
    t->base.kind->free(&t->base);
    return 0;
}
