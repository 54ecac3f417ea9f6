/* Shapes: construction, comparison, text. */
#include "tensor/tensor.h"

est_shape est_shape_of(int rank, const int64_t *dims)
{
    est_shape s = { .rank = rank };
    if (rank < 0 || rank > EST_MAX_RANK)
        s.rank = -1;
    for (int i = 0; i < s.rank; i++)
        s.dim[i] = dims[i];
    return s;
}

int64_t est_shape_elements(const est_shape *shape)
{
    int64_t n = 1;
    bool overflow = false;
    if (shape->rank < 0)
        return -1;
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] < 0)
            return -1;
    for (int i = 0; i < shape->rank; i++) {
        int64_t d = shape->dim[i];
        if (d == 0)
            return 0;
        overflow = overflow || n > INT64_MAX / d;
        n = overflow ? INT64_MAX : n * d;
    }
    return n;
}

bool est_shape_equal(const est_shape *a, const est_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

bool est__shape_known(const est_shape *shape)
{
    return est_shape_elements(shape) >= 0;
}

bool est__shape_compatible(const est_shape *a, const est_shape *b)
{
    if (a->rank < 0 || b->rank < 0)
        return true;
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] >= 0 && b->dim[i] >= 0 && a->dim[i] != b->dim[i])
            return false;
    return true;
}

const char *est__shape_string(char text[EST__SHAPE_TEXT_SIZE], const est_shape *shape)
{
    size_t n = 0;
    if (shape->rank < 0)
        return strcpy(text, "?");
    text[n++] = '[';
    for (int i = 0; i < shape->rank && i < EST_MAX_RANK; i++) {
        const char *comma = i ? "," : "";
        n += (size_t)(shape->dim[i] < 0 ? snprintf(text + n, EST__SHAPE_TEXT_SIZE - n, "%s?", comma)
                      : snprintf(text + n, EST__SHAPE_TEXT_SIZE - n, "%s%lld", comma, (long long)shape->dim[i]));
    }
    text[n++] = ']';
    text[n] = '\0';
    return text;
}

void est__shape_text(est__buffer *b, const est_shape *shape)
{
    char text[EST__SHAPE_TEXT_SIZE];
    est__buffer_text(b, est__shape_string(text, shape));
}
