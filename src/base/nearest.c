/* "Did you mean …?": the nearest name by edit distance, where a swap of neighbours counts as one edit (Damerau 1964). */
#include "base/base.h"

enum { LONGEST = 64 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= nb; j++)
        last[j] = before[j] = j;
    for (size_t i = 1; i <= na; i++) {
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t d = last[j - 1] + (a[i - 1] != b[j - 1]);
            d = smaller(d, smaller(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d = smaller(d, before[j - 2] + 1);
            row[j] = d;
        }
        size_t *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[nb];
}

const char *est__nearest(const char *name, const char *const *names, size_t count)
{
    size_t n = strlen(name), best = n / 3 + 1;
    const char *nearest = NULL;
    if (n > LONGEST)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t m = strlen(names[i]);
        if (m > LONGEST)
            continue;
        size_t d = distance(name, n, names[i], m);
        if (d < (n > m ? n : m) && (d < best || (d == best && !nearest))) {
            best = d;
            nearest = names[i];
        }
    }
    return nearest;
}
