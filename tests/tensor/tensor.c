/* Dtypes, shapes, tensors. */
#include <math.h>

#include "support/est_test.h"
#include "tensor/tensor.h"

/* A shape that has an address. */
#define SHAPE(...) ((est_shape[]){ EST_SHAPE(__VA_ARGS__) })

static void dtypes_have_tensorflows_names(void)
{
    EST_CHECK_INT(est_dtype_of("float32"), EST_FLOAT);
    EST_CHECK_INT(est_dtype_of("float"), EST_FLOAT);
    EST_CHECK_INT(est_dtype_of("half"), EST_HALF);
    EST_CHECK_INT(est_dtype_of("quark"), EST_INVALID);
    EST_CHECK_INT(est_dtype_of(NULL), EST_INVALID);
    EST_CHECK_STR(est_dtype_name(EST_INT64), "int64");
    EST_CHECK_STR(est_dtype_name((est_dtype)77), "invalid");
    EST_CHECK_INT(est_dtype_size(EST_BFLOAT16), 2);
    EST_CHECK_INT(est_dtype_size(EST_INVALID), 0);
    for (int d = 1; d < 24; d++)
        if (est_dtype_size((est_dtype)d))
            EST_CHECK_INT(est_dtype_of(est_dtype_name((est_dtype)d)), d);
}

static void check_text(est_shape s, const char *wanted)
{
    est__buffer b = { 0 };
    est__shape_text(&b, &s);
    EST_CHECK_STR(b.data, wanted);
    est__buffer_free(&b);
}

static void shapes_count_and_compare(void)
{
    est_shape a = EST_SHAPE(32, 4), b = EST_SHAPE(-1, 4), c = EST_SHAPE(-1, 5), scalar = EST_SCALAR, unknown = est_shape_of(-1, NULL);
    EST_CHECK_INT(est_shape_elements(&a), 128);
    EST_CHECK_INT(est_shape_elements(&b), -1);
    EST_CHECK_INT(est_shape_elements(&scalar), 1);
    EST_CHECK_INT(est_shape_elements(&unknown), -1);
    EST_CHECK_INT(est_shape_elements(SHAPE(0, 5)), 0);
    EST_CHECK_INT(est_shape_elements(SHAPE(INT64_MAX, 5)), INT64_MAX);
    EST_CHECK_INT(est_shape_elements(SHAPE(INT64_MAX, 5, 0)), 0);
    EST_CHECK(est_shape_equal(&a, SHAPE(32, 4)) && !est_shape_equal(&a, &b) && !est_shape_equal(&a, &scalar));
    EST_CHECK(est__shape_compatible(&a, &b) && est__shape_compatible(&unknown, &a) && !est__shape_compatible(&a, &c));
    EST_CHECK(!est__shape_compatible(&a, &scalar));
    EST_CHECK_INT(est_shape_of(9, NULL).rank, -1);
    check_text(a, "[32,4]");
    check_text(b, "[?,4]");
    check_text(scalar, "[]");
    check_text(unknown, "?");
    check_text(EST_SHAPE(INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX),
               "[9223372036854775807,9223372036854775807,9223372036854775807,9223372036854775807,"
               "9223372036854775807,9223372036854775807,9223372036854775807,9223372036854775807]");
}

static void numbers_are_zeroed_and_aligned(void)
{
    est_tensor *t, *copy;
    EST_NEED_OK(est_tensor_new(EST_FLOAT, SHAPE(3, 5), &t));
    EST_CHECK_INT((uintptr_t)t->data % 64, 0);
    EST_CHECK_INT(est__tensor_bytes(t), 60);
    float *v = t->data;
    for (int i = 0; i < 15; i++) {
        EST_CHECK(v[i] == 0);
        v[i] = (float)i;
    }
    EST_NEED_OK(est_tensor_copy(t, &copy));
    EST_CHECK(copy->data != t->data);
    EST_CHECK_BYTES(copy->data, 60, t->data, 60);
    est_tensor_free(t);
    est_tensor_free(copy);
    est_tensor_free(NULL);
}

static void impossible_tensors_are_refused(void)
{
    est_tensor *t;
    EST_CHECK_FAILS(est_tensor_new(EST_FLOAT, SHAPE(-1, 5), &t), EST_INVALID_ARGUMENT,
                    "a tensor of shape [?,5] cannot be made: every dimension must be known");
    EST_CHECK(!t);
    EST_CHECK_FAILS(est_tensor_new(EST_INVALID, SHAPE(5), &t), EST_INVALID_ARGUMENT, "a tensor cannot be made: 0 is no dtype");
    EST_CHECK_FAILS(est_tensor_new(EST_DOUBLE, SHAPE(INT64_MAX, 5), &t), EST_RESOURCE_EXHAUSTED,
                    "a tensor of shape [9223372036854775807,5] is larger than the memory");
    for (int64_t n = 1; n < 3; n++) {
        (void)est_test_fail_allocation(n);
        EST_CHECK_INT(est_tensor_new(EST_DOUBLE, SHAPE(5), &t), EST_RESOURCE_EXHAUSTED);
        EST_CHECK(!t);
    }
    for (int64_t n = 1; n < 4; n++) {
        (void)est_test_fail_allocation(n);
        EST_CHECK_INT(est_tensor_new_strings(SHAPE(1), (const char *[]){ "a" }, NULL, &t), EST_RESOURCE_EXHAUSTED);
    }
}

static void check_string(const est_tensor *t, int64_t i, const char *wanted, size_t n)
{
    size_t length;
    const char *s = est_tensor_string(t, i, &length);
    EST_CHECK_BYTES(s, length, wanted, n);
}

static void strings_may_hold_any_bytes(void)
{
    est_tensor *t, *copy;
    EST_NEED_OK(est_tensor_new_strings(SHAPE(3), (const char *[]){ "ab", "", "c\0d" }, (size_t[]){ 2, 0, 3 }, &t));
    check_string(t, 0, "ab", 2);
    check_string(t, 1, "", 0);
    check_string(t, 2, "c\0d", 3);
    est_tensor view = { EST_STRING, EST_SHAPE(2), (int64_t *)t->data + 1, t->bytes };
    EST_NEED_OK(est_tensor_copy(&view, &copy));
    est_tensor_free(t);
    check_string(copy, 0, "", 0);
    check_string(copy, 1, "c\0d", 3);
    est_tensor_free(copy);
    EST_NEED_OK(est_tensor_new_strings(((est_shape[]){ EST_SCALAR }), (const char *[]){ "abc" }, NULL, &t));
    check_string(t, 0, "abc", 3);
    est_tensor_free(t);
    EST_NEED_OK(est_tensor_new(EST_STRING, SHAPE(2), &t));
    check_string(t, 1, "", 0);
    est_tensor_free(t);
}

/* Every half goes to float and back; between two of them, rounding is to nearest and even. */
static void halves_round_to_nearest(void)
{
    EST_CHECK(est__half_to_float(0x3c00) == 1 && est__half_to_float(0xc000) == -2 && est__half_to_float(1) == 0x1p-24f);
    EST_CHECK(isinf(est__half_to_float(0x7c00)) && isnan(est__half_to_float(0x7e01)));
    for (uint32_t h = 0; h < 0x10000; h++) {
        float f = est__half_to_float((uint16_t)h);
        uint16_t back = est__float_to_half(f);
        if (isnan(f))
            EST_NEED((back & 0x7c00) == 0x7c00 && (back & 0x3ff));
        else
            EST_NEED(back == h);
    }
    for (uint32_t h = 0; h < 0x7bff; h++) {
        float low = est__half_to_float((uint16_t)h), middle = (low + est__half_to_float((uint16_t)(h + 1))) / 2;
        EST_NEED(est__float_to_half(middle) == (h & 1 ? h + 1 : h));
        EST_NEED(est__float_to_half(nextafterf(middle, 0)) == h);
        EST_NEED(est__float_to_half(nextafterf(middle, INFINITY)) == h + 1);
    }
    EST_CHECK_INT(est__float_to_half(65519.996f), 0x7bff);
    EST_CHECK_INT(est__float_to_half(65520), 0x7c00);
    EST_CHECK_INT(est__float_to_half(-1e30f), 0xfc00);
}

static void bfloat16_rounds_to_nearest(void)
{
    EST_CHECK_INT(est__float_to_bfloat16(1), 0x3f80);
    EST_CHECK_INT(est__float_to_bfloat16(1.00390625f), 0x3f80); /* halfway, to even */
    EST_CHECK_INT(est__float_to_bfloat16(1.01171875f), 0x3f82);
    EST_CHECK_INT(est__float_to_bfloat16(1.0039064f), 0x3f81);
    EST_CHECK_INT(est__float_to_bfloat16(3.4028235e38f), 0x7f80);
    EST_CHECK(isnan(est__bfloat16_to_float(est__float_to_bfloat16(NAN))));
    EST_CHECK(est__bfloat16_to_float(0xc000) == -2);
}

static void elements_convert_to_double_and_back(void)
{
    static const struct {
        est_dtype dtype;
        double in, out;
    } rows[] = {
        { EST_FLOAT, 0.1, (double)0.1f }, { EST_DOUBLE, 0.1, 0.1 }, { EST_HALF, 0.1, 0.0999755859375 }, { EST_BFLOAT16, 3, 3 },
        { EST_BOOL, 0.5, 1 }, { EST_BOOL, 0, 0 }, { EST_INT8, 300, 127 }, { EST_INT8, -300, -128 }, { EST_UINT8, -1, 0 },
        { EST_UINT8, 256, 255 }, { EST_INT16, -7.9, -7 }, { EST_UINT16, 7.9, 7 }, { EST_INT32, 3e9, 2147483647 },
        { EST_UINT32, 3e9, 3e9 }, { EST_INT64, 1e19, 0x1p63 }, { EST_INT64, -1e19, -0x1p63 }, { EST_UINT64, 1e19, 1e19 },
        { EST_UINT64, 1e20, 0x1p64 }, { EST_INT32, (double)NAN, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        est_tensor *t;
        EST_NEED_OK(est_tensor_new(rows[i].dtype, SHAPE(2), &t));
        est__tensor_set(t, 1, rows[i].in);
        EST_CHECK_NEAR(est__tensor_get(t, 1), rows[i].out, 0);
        EST_CHECK_NEAR(est__tensor_get(t, 0), 0, 0);
        est_tensor_free(t);
    }
}

EST_SUITE(tensor_tensor, EST_TEST(dtypes_have_tensorflows_names), EST_TEST(shapes_count_and_compare),
          EST_TEST(numbers_are_zeroed_and_aligned), EST_TEST(impossible_tensors_are_refused), EST_TEST(strings_may_hold_any_bytes),
          EST_TEST(halves_round_to_nearest), EST_TEST(bfloat16_rounds_to_nearest), EST_TEST(elements_convert_to_double_and_back));
