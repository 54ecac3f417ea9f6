/* The progress printer: a line for each phase of an epoch, written over and over. */
#include <math.h>
#include <unistd.h>

#include "base/fields.h"
#include "loop/loop.h"

typedef struct printer {
    est_progress_printer_options o;
    est__buffer text;
} printer;

enum { LONGEST = 1000 };

static const est_field fields[] = {
    EST_FIELD(est_progress_printer_options, INT, length, .def = 30, .min = 1, .max = LONGEST, .doc = "of the bar"),
    { 0 }
};

/* Progress that cannot be shown is no reason to stop. */
static void put(printer *p)
{
    size_t done = 0;
    if (p->text.status == EST_OK && p->o.write)
        p->o.write(p->text.data, p->o.user);
    while (p->text.status == EST_OK && !p->o.write && done < p->text.size) {
        ssize_t n = write(p->o.fd, p->text.data + done, p->text.size - done);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    est__buffer_clear(&p->text);
    p->text.status = EST_OK;
}

/* "3/60 [==>...] - loss: 0.1234" */
static void batch(printer *p, const est_training_loop *l)
{
    const est_results *stats = est_training_loop_last_stats(l);
    int64_t b = l->batch_index + 1, n = l->phase->batches;
    int64_t done = (int64_t)round((double)p->o.length * (double)b / (double)n);
    est__buffer_printf(&p->text, "\r%lld/%lld [", (long long)b, (long long)n);
    for (int64_t i = 0; i < p->o.length; i++)
        est__buffer_text(&p->text, i < done ? "=" : i == done ? ">" : ".");
    est__buffer_text(&p->text, "]");
    for (size_t i = 0; stats && i < stats->count; i++)
        est__buffer_printf(&p->text, " - %s: %.4f", stats->name[i], stats->value[i]);
}

static est_status show(est_training_loop *l, est_loop_event event, void *user)
{
    printer *p = user;
    if (event == EST_EPOCH_START)
        est__buffer_printf(&p->text, "Epoch %lld/%lld\n", (long long)l->epoch_index + 1, (long long)l->epoch_count);
    else if (event == EST_BATCH_END)
        batch(p, l);
    else
        est__buffer_text(&p->text, "\n");
    put(p);
    return EST_OK;
}

static void free_printer(void *user)
{
    printer *p = user;
    est__buffer_free(&p->text);
    est__free(p);
}

est_status est_progress_printer_new_sized(const est_progress_printer_options *options, size_t size, est_loop_callback **out)
{
    static const est_loop_callback_options callback = {
        .name = "progress", .call = show, .free_user = free_printer,
        .events = 1u << EST_EPOCH_START | 1u << EST_BATCH_END | 1u << EST_VALIDATION_START | 1u << EST_EPOCH_END };
    est_progress_printer_options o;
    *out = NULL;
    EST_TRY(est__fields_apply(fields, "est_progress_printer_new", options, size, &o, sizeof o));
    if (!o.write == !o.fd || o.fd < 0)
        return est__fail(EST_INVALID_ARGUMENT, "est_progress_printer_new: it takes fd or write, one of the two");
    printer *p = est__calloc(1, sizeof *p);
    if (p == NULL)
        return est__fail_memory(sizeof *p);
    p->o = o;
    return est__loop_callback_of(&callback, p, out);
}
