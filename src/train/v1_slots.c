/* Finding and joining slots that TensorFlow 1's optimizers named. */
#include "train/v1_slots.h"

#include "tensor/tensor.h"

/* Which numbers are the same; with centered, RMSprop has a slot between the two. Momentum's are of another sign and scale. */
static const struct {
    const char *optimizer, *slot, *v1;
} same[] = {
    { "Ftrl", "accumulator", "Ftrl" },       { "Ftrl", "linear", "Ftrl_1" },
    { "Adagrad", "accumulator", "Adagrad" }, { "Adam", "m", "Adam" },
    { "Adam", "v", "Adam_1" },               { "RMSprop", "rms", "RMSProp" },
    { "RMSprop", "mg", "RMSProp_1" },        { "RMSprop", "momentum", "RMSProp_2" },
    { "RMSprop", "momentum", "RMSProp_1" },  { "Adadelta", "accum_grad", "Adadelta" },
    { "Adadelta", "accum_var", "Adadelta_1" },
};
static const char *const between[] = { "/", "/part_0/", "/t_0/" };

/* "Ftrl" of "Ftrl_1/linear/…" */
static bool is_optimizer(const char *name, size_t length, const char *optimizer)
{
    size_t n = strlen(optimizer);
    return length >= n && memcmp(name, optimizer, n) == 0 &&
           (length == n || (name[n] == '_' && strspn(name + n + 1, "0123456789") == length - n - 1));
}

static bool find(const est__bundle *b, const char *variable, size_t length, const char *slot, est__v1_slot *out)
{
    for (size_t i = 0; i < sizeof between / sizeof *between; i++) {
        int n = snprintf(out->name, sizeof out->name, "%.*s%s%s", (int)length, variable, between[i], slot);
        const est__bundle_variable *v = n > 0 && (size_t)n < sizeof out->name ? est__bundle_find(b, out->name) : NULL;
        if (v == NULL)
            continue;
        out->dtype = v->dtype;
        out->shape = v->piece ? v->piece->whole : v->shape;
        out->number = v->piece ? length + strlen(between[i]) - 2 : 0;
        return true;
    }
    return false;
}

bool est__v1_slot_find(const est__bundle *b, const char *name, est__v1_slot *out)
{
    const char *optimizer = name + strlen("training/"), *slot = strrchr(name, '/');
    if (strncmp(name, "training/", strlen("training/")) != 0)
        return false;
    size_t length = strcspn(optimizer, "/");
    const char *variable = optimizer + length + 1;
    if (slot < variable) {        /* training/Ftrl/iter: one optimizer of two counted there */
        const est__bundle_variable *step = strcmp(slot, "/iter") == 0 ? est__bundle_find(b, "global_step") : NULL;
        if (step)
            *out = (est__v1_slot){ .name = "global_step", .shape = step->shape, .dtype = step->dtype };
        return step != NULL;
    }
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (is_optimizer(optimizer, length, same[i].optimizer) && strcmp(slot + 1, same[i].slot) == 0 &&
            find(b, variable, (size_t)(slot - variable), same[i].v1, out))
            return true;
    return false;
}

est_status est__v1_slot_read(const est__bundle *b, const est__v1_slot *slot, est_tensor *into)
{
    char name[sizeof slot->name + 24];
    int64_t left = est__tensor_elements(into);
    if (slot->number == 0)
        return est__bundle_read_into(b, slot->name, into);
    for (int part = 0; left > 0; part++) {
        snprintf(name, sizeof name, "%.*s%d%s", (int)slot->number, slot->name, part, slot->name + slot->number + 1);
        const est__bundle_variable *v = est__bundle_find(b, name);
        if (v == NULL || est_shape_elements(&v->shape) == 0 || est_shape_elements(&v->shape) > left)
            return est__fail(EST_DATA_LOSS, "%s: the parts of '%s' lack %lld numbers, or overlap", est__bundle_prefix(b), slot->name,
                             (long long)left);
        EST_TRY(est__bundle_read_piece(b, name, into));
        left -= est_shape_elements(&v->shape);
    }
    return EST_OK;
}
