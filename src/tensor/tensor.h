/* Dtypes, shapes and tensors, as the other rooms see them. */
#ifndef EST_TENSOR_TENSOR_H
#define EST_TENSOR_TENSOR_H

#include <estimator/tensor.h>

#include "base/base.h"

/* "[32,4]", "[?,4]", "[]" of a scalar, "?" of an unknown rank. */
void est__shape_text(est__buffer *b, const est_shape *shape);
/* The same in a place of one's own, which is returned. */
#define EST__SHAPE_TEXT_SIZE 176
const char *est__shape_string(char text[EST__SHAPE_TEXT_SIZE], const est_shape *shape);

bool est__shape_known(const est_shape *shape);      /* rank and every dimension */
/* May a tensor have both shapes? Unknown dimensions fit all. */
bool est__shape_compatible(const est_shape *a, const est_shape *b);

bool est__dtype_is_float(est_dtype dtype);          /* half, bfloat16, float, double */
bool est__dtype_is_integer(est_dtype dtype);        /* signed or unsigned; not bool */

size_t est__tensor_bytes(const est_tensor *t);      /* of `data`: a string tensor's offsets */
static inline int64_t est__tensor_elements(const est_tensor *t)
{
    return est_shape_elements(&t->shape);
}

/* IEEE binary16 and bfloat16 are stored, never computed with; to them, rounding is to nearest, ties to even. */
float est__half_to_float(uint16_t h);
uint16_t est__float_to_half(float f);
static inline float est__bfloat16_to_float(uint16_t b)
{
    uint32_t bits = (uint32_t)b << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}
uint16_t est__float_to_bfloat16(float f);

/* Element i of any number or bool tensor, as a double; and back, cut to the dtype's range. Not for loops of weight. */
double est__tensor_get(const est_tensor *t, int64_t i);
int64_t est__tensor_nonfinite(const est_tensor *t);   /* the first element of floats that is not finite; -1: there is none */
void est__tensor_set(est_tensor *t, int64_t i, double v);

#endif
