/* The order of events, and what each action from each place makes of it, against the reference's loop. */
#include <stdio.h>
#include <string.h>

#include "loop/lines.h"
#include "support/est_test.h"

static const char *const code[] = {
    [EST_FIT_START] = "FS", [EST_FIT_END] = "FE", [EST_EPOCH_START] = "ES", [EST_EPOCH_END] = "EE", [EST_TRAINING_START] = "TS",
    [EST_TRAINING_END] = "TE", [EST_VALIDATION_START] = "VS", [EST_VALIDATION_END] = "VE", [EST_BATCH_START] = "BS",
    [EST_BATCH_END] = "BE", [EST_UPDATE_START] = "US", [EST_INFERENCE_PREDICTION_END] = "IP" };

static const struct row {
    const char *event;
    int occurrence, action;
    const char *told;
    int updates;
} rows[] = {
#include "golden/loop_events.inc"
};

/* Tells what it was told, and acts once. */
typedef struct teller {
    const struct row *row;
    int seen;
    char told[512];
} teller;

static est_status tell(est_training_loop *l, est_loop_event event, void *user)
{
    teller *t = user;
    strcat(strcat(t->told, *t->told ? " " : ""), code[event]);
    if (strcmp(code[event], t->row->event) == 0 && ++t->seen == t->row->occurrence)
        return est_training_loop_cancel(l, (est_loop_action)t->row->action);
    return EST_OK;
}

static void check_row(const struct row *row)
{
    static const int training = 4, validation = 2;
    teller t = { .row = row }, after = { .row = &rows[0] };
    est_loop_callback *c, *d;
    est_training_loop *l;
    EST_NEED_OK(est_loop_callback_new(&(est_loop_callback_options){ .name = "teller", .call = tell, .user = &t }, &c));
    EST_NEED_OK(est_loop_callback_new(&(est_loop_callback_options){ .call = tell, .user = &after }, &d));
    EST_NEED_OK(lines_loop((est_training_loop_options){ .callbacks = EST_LOOP_CALLBACKS(c, d) }, &training, &validation, 0.01, &l));
    est_status st = est_training_loop_fit(l, &(est_fit_options){ .model = lines_model, .epochs = 2 });
    bool wrong = strchr(row->told, '!') != NULL;
    EST_CHECK_INT(st, wrong ? EST_FAILED_PRECONDITION : EST_OK);
    if (wrong)
        strcat(t.told, " !");
    EST_CHECK_STR(t.told, row->told);
    EST_CHECK_INT(est_training_loop_global_step(l), row->updates);
    /* the next callback has not seen the event that was cut short */
    size_t told = strlen(t.told), missed = row->action ? wrong ? 5 : 3 : 0;
    EST_CHECK_INT(strlen(after.told), told > missed ? told - missed : 0);
    est_training_loop_free(l);
    est_loop_callback_free(c);
    est_loop_callback_free(d);
}

static void actions(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_row(&rows[i]);
}

/* Two epochs of four points in two batches: the line after four steps of gradient descent, worked out by hand in float32. */
static void trains(void)
{
    static const int training = 4;
    float w = 0, b = 0;
    est_training_loop *l;
    EST_NEED_OK(lines_loop((est_training_loop_options){ 0 }, &training, NULL, 0.125, &l));
    EST_NEED_OK(est_training_loop_fit(l, &(est_fit_options){ .model = lines_model, .epochs = 2 }));
    for (int step = 0; step < 4; step++) {
        float dw = 0, db = 0;
        for (int i = step % 2 * 2; i < step % 2 * 2 + 2; i++) {
            float error = w * (float)i + b - (float)(2 * i + 1);
            dw += error * (float)i;
            db += error;
        }
        w -= 0.125f * dw;
        b -= 0.125f * db;
    }
    EST_CHECK_NEAR(lines_value(l, "line/kernel"), w, 1e-6);
    EST_CHECK_NEAR(lines_value(l, "line/bias"), b, 1e-6);
    EST_CHECK_INT(est_training_loop_global_step(l), 4);
    est_training_loop_free(l);
}

EST_SUITE(loop_events, EST_TEST(actions), EST_TEST(trains));
