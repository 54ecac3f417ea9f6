/* A report as one page of HTML: metrics, curves, calibration, confusion, importances, and the losses of the training. */
#include <math.h>

#include <estimator/plot.h>

#include "experiment/html.h"
#include "experiment/report.h"

/* ---- curves of scores ---- */

/* A curve through the thresholds from 1 down to 0. */
typedef struct curve {
    double x[EST__SCORE_BINS + 2], y[EST__SCORE_BINS + 2];
    size_t count;
} curve;

typedef struct totals { double positive, negative; } totals;

static totals totals_of(const est__scores *s)
{
    totals t = { 0, 0 };
    for (int i = 0; i < EST__SCORE_BINS; i++) {
        t.positive += s->positive[i];
        t.negative += s->negative[i];
    }
    return t;
}

/* Points that nobody could tell from the last one are left out; the last of all stays. */
static void add_point(curve *c, double x, double y, bool last)
{
    size_t n = c->count;
    if (n && !last && fabs(c->x[n - 1] - x) < 0.002 && fabs(c->y[n - 1] - y) < 0.002)
        return;
    c->x[n] = x;
    c->y[n] = y;
    c->count++;
}

/* Returns the area. */
static double roc_of(const est__scores *s, curve *c)
{
    totals all = totals_of(s), seen = { 0, 0 };
    double area = 0;
    c->count = 0;
    add_point(c, 0, 0, true);
    for (int i = EST__SCORE_BINS - 1; i >= 0; i--) {
        double before = seen.positive;
        seen.positive += s->positive[i];
        seen.negative += s->negative[i];
        area += s->negative[i] * (before + seen.positive) / 2;
        add_point(c, seen.negative / all.negative, seen.positive / all.positive, i == 0);
    }
    return area / (all.positive * all.negative);
}

static void precision_recall_of(const est__scores *s, curve *c)
{
    totals all = totals_of(s), seen = { 0, 0 };
    c->count = 0;
    for (int i = EST__SCORE_BINS - 1; i >= 0; i--) {
        seen.positive += s->positive[i];
        seen.negative += s->negative[i];
        if (seen.positive + seen.negative > 0)
            add_point(c, seen.positive / all.positive, seen.positive / (seen.positive + seen.negative), i == 0);
    }
}

static bool has_both(const est__scores *s)
{
    totals t = totals_of(s);
    return t.positive > 0 && t.negative > 0;
}

typedef struct curves { curve of[EST__REPORT_CURVES]; } curves;

/* One line a class that has examples of both kinds. */
static size_t make_lines(const est__report_head *h, bool roc, curves *c, est__line *line, char (*names)[80])
{
    size_t n = 0;
    for (int64_t i = 0; i < (h->kind == EST__REPORT_BINARY ? 1 : h->classes) && i < EST__REPORT_CURVES; i++) {
        if (!has_both(&h->scores[i]))
            continue;
        const char *name = h->class_name[h->kind == EST__REPORT_BINARY ? 1 : i];
        if (roc)
            est__print(names[n], sizeof names[n], "%.40s, area %.4f", name, roc_of(&h->scores[i], &c->of[n]));
        else {
            precision_recall_of(&h->scores[i], &c->of[n]);
            est__print(names[n], sizeof names[n], "%.40s", name);
        }
        line[n] = (est__line){ .name = names[n], .x = c->of[n].x, .y = c->of[n].y, .count = c->of[n].count };
        n++;
    }
    return n;
}

static void begin_section(est__buffer *b, const char *title, const char *note)
{
    est__buffer_printf(b, "<section><h2>%s</h2><p class=\"type\">%s</p>\n", title, note);
}

static void end_section(est__buffer *b)
{
    est__buffer_text(b, "</section>\n");
}

static est_status put_curves(const est__report_head *h, est__buffer *b)
{
    static const double diagonal[] = { 0, 1 };
    est__line line[EST__REPORT_CURVES + 1];
    char names[EST__REPORT_CURVES][80];
    curves *c = est__malloc(sizeof *c);
    if (c == NULL)
        return est__fail_memory(sizeof *c);
    size_t n = make_lines(h, true, c, line, names);
    line[n] = (est__line){ .name = "chance", .x = diagonal, .y = diagonal, .count = 2, .dashed = true };
    begin_section(b, "ROC", "Share of the positives found, against the share of the negatives taken for positives.");
    est__html_plot(b, &(est__plot){ "false positive rate", "true positive rate", 0, 1, 0, 1, line, n + 1 });
    end_section(b);
    n = make_lines(h, false, c, line, names);
    begin_section(b, "Precision and recall", "How many of those called positive are, against how many of the positives are found.");
    est__html_plot(b, &(est__plot){ "recall", "precision", 0, 1, 0, 1, line, n });
    end_section(b);
    est__free(c);
    return EST_OK;
}

/* ---- calibration, thresholds, distribution ---- */

enum { CALIBRATION_BINS = 16, BARS = 32 };

static void put_calibration(const est__report_head *h, est__buffer *b)
{
    static const double diagonal[] = { 0, 1 };
    double x[CALIBRATION_BINS], y[CALIBRATION_BINS];
    size_t n = 0;
    for (int i = 0; i < CALIBRATION_BINS; i++) {
        double positive = 0, all = 0, scores = 0;
        for (int j = i * (EST__SCORE_BINS / CALIBRATION_BINS); j < (i + 1) * (EST__SCORE_BINS / CALIBRATION_BINS); j++) {
            double weight = h->scores->positive[j] + h->scores->negative[j];
            positive += h->scores->positive[j];
            all += weight;
            scores += weight * (j + 0.5) / EST__SCORE_BINS;
        }
        if (all > 0) {
            x[n] = scores / all;
            y[n++] = positive / all;
        }
    }
    est__line line[] = { { .name = "model", .x = x, .y = y, .count = n },
                         { .name = "perfect", .x = diagonal, .y = diagonal, .count = 2, .dashed = true } };
    begin_section(b, "Calibration", "Of the examples that were given a probability, the share that is positive.");
    est__html_plot(b, &(est__plot){ "predicted probability", "share of positives", 0, 1, 0, 1, line, 2 });
    end_section(b);
}

static void put_thresholds(const est__report_head *h, est__buffer *b)
{
    enum { POINTS = 128 };
    double x[POINTS], accuracy[POINTS], precision[POINTS], recall[POINTS];
    totals all = totals_of(h->scores), seen = { 0, 0 };
    for (int i = POINTS - 1, j = EST__SCORE_BINS - 1; i >= 0; i--) {
        for (; j >= i * (EST__SCORE_BINS / POINTS); j--) {
            seen.positive += h->scores->positive[j];
            seen.negative += h->scores->negative[j];
        }
        x[i] = (double)i / POINTS;
        accuracy[i] = (seen.positive + all.negative - seen.negative) / (all.positive + all.negative);
        precision[i] = seen.positive / (seen.positive + seen.negative);
        recall[i] = seen.positive / all.positive;
    }
    est__line line[] = { { .name = "accuracy", .x = x, .y = accuracy, .count = POINTS },
                         { .name = "precision", .x = x, .y = precision, .count = POINTS },
                         { .name = "recall", .x = x, .y = recall, .count = POINTS } };
    begin_section(b, "Thresholds", "What is called positive from this probability on.");
    est__html_plot(b, &(est__plot){ "threshold", "", 0, 1, 0, 1, line, 3 });
    end_section(b);
}

static void put_distribution(const est__report_head *h, est__buffer *b)
{
    double positive[BARS] = { 0 }, negative[BARS] = { 0 };
    for (int i = 0; i < EST__SCORE_BINS; i++) {
        negative[i / (EST__SCORE_BINS / BARS)] += h->scores->negative[i];
        positive[i / (EST__SCORE_BINS / BARS)] += h->scores->positive[i];
    }
    begin_section(b, "Scores", "Examples by predicted probability: of class 0 in blue, of class 1 in orange.");
    est__html_bars(b, negative, positive, BARS, 0, 1);
    end_section(b);
}

/* ---- confusion ---- */

static void put_confusion(const est__report_head *h, est__buffer *b)
{
    begin_section(b, "Confusion", "Labels in rows, answers in columns; the shade is the share of the row.");
    est__buffer_text(b, "<div class=\"wide\"><table class=\"matrix\"><tr><th></th>");
    for (int64_t j = 0; j < h->classes; j++) {
        est__buffer_text(b, "<th>");
        est__html_text(b, h->class_name[j]);
        est__buffer_text(b, "</th>");
    }
    est__buffer_text(b, "<th>recall</th></tr>\n");
    for (int64_t i = 0; i < h->classes; i++) {
        double sum = 0;
        for (int64_t j = 0; j < h->classes; j++)
            sum += h->confusion[i * h->classes + j];
        est__buffer_text(b, "<tr><th>");
        est__html_text(b, h->class_name[i]);
        est__buffer_text(b, "</th>");
        for (int64_t j = 0; j < h->classes; j++) {
            double v = h->confusion[i * h->classes + j];
            est__buffer_printf(b, "<td style=\"background:rgba(72,120,208,%.2f)\">", sum > 0 ? 0.7 * v / sum : 0);
            est__html_number(b, v);
            est__buffer_text(b, "</td>");
        }
        est__buffer_text(b, "<td>");
        if (sum > 0)
            est__buffer_printf(b, "%.3f", h->confusion[i * h->classes + i] / sum);
        est__buffer_text(b, "</td></tr>\n");
    }
    est__buffer_text(b, "</table></div>\n");
    end_section(b);
}

/* ---- regression ---- */

static est_status put_residuals(const est__report_head *h, est__buffer *b)
{
    est__ranks ranks;
    double bars[BARS];
    EST_TRY(est__quantiles_ranks(&h->residuals, &ranks));
    double from = est__ranks_quantile(&ranks, 0.005), to = est__ranks_quantile(&ranks, 0.995);
    if (from < to) {
        for (int i = 0; i < BARS; i++)
            bars[i] = (double)(est__ranks_less(&ranks, from + (to - from) * (i + 1) / BARS) -
                               est__ranks_less(&ranks, from + (to - from) * i / BARS));
        begin_section(b, "Residuals", "Prediction less label, without the outermost hundredth.");
        est__html_bars(b, bars, NULL, BARS, from, to);
        est__buffer_text(b, "<p class=\"note\">");
        static const double shares[] = { 0.05, 0.25, 0.5, 0.75, 0.95 };
        for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
            est__buffer_printf(b, "%s%.0f %%: ", i ? ", " : "", 100 * shares[i]);
            est__html_number(b, est__ranks_quantile(&ranks, shares[i]));
        }
        est__buffer_text(b, "</p>\n");
        end_section(b);
    }
    est__ranks_free(&ranks);
    return EST_OK;
}

static est_status put_numbers(const est__report_head *h, est__buffer *b)
{
    double ends[] = { INFINITY, -INFINITY };
    for (size_t i = 0; i < h->pairs; i++) {
        ends[0] = fmin(ends[0], fmin(h->actual[i], h->predicted[i]));
        ends[1] = fmax(ends[1], fmax(h->actual[i], h->predicted[i]));
    }
    est__line line[] = { { .x = h->actual, .y = h->predicted, .count = h->pairs, .dots = true },
                         { .name = "perfect", .x = ends, .y = ends, .count = 2, .dashed = true } };
    begin_section(b, "Predictions", "A sample of the examples: what was predicted, against the label.");
    est__html_plot(b, &(est__plot){ "label", "prediction", ends[0], ends[1], ends[0], ends[1], line, 2 });
    end_section(b);
    return put_residuals(h, b);
}

/* ---- losses by step, of event files ---- */

enum { LOSS_POINTS = 400, LOSS_LINES = 4 };
typedef struct losses {
    double x[LOSS_LINES][LOSS_POINTS], y[LOSS_LINES][LOSS_POINTS];
    est__line line[2 * LOSS_LINES];
    size_t count;
} losses;

/* Neighbouring points become their mean, so that the page stays small. */
static size_t thin(const est_plot_series *s, double *x, double *y)
{
    size_t n = (s->count + LOSS_POINTS - 1) / LOSS_POINTS, kept = 0;
    for (size_t i = 0; i < s->count; i += n, kept++) {
        size_t m = s->count - i < n ? s->count - i : n;
        x[kept] = y[kept] = 0;
        for (size_t j = 0; j < m; j++) {
            x[kept] += (double)s->step[i + j] / (double)m;
            y[kept] += s->value[i + j] / (double)m;
        }
    }
    return kept;
}

/* Of evaluations, which are few, the points too. */
static void gather(const est_plot *plot, losses *l)
{
    for (size_t i = 0; i < LOSS_LINES && est_plot_at(plot, i); i++) {
        const est_plot_series *s = est_plot_at(plot, i);
        size_t n = thin(s, l->x[i], l->y[i]);
        l->line[l->count++] = (est__line){ .name = s->phase, .x = l->x[i], .y = l->y[i], .count = n };
        if (strcmp(s->phase, "training") != 0)
            l->line[l->count++] = (est__line){ .x = l->x[i], .y = l->y[i], .count = n, .dots = true };
    }
}

/* A model without event files, or with damaged ones, has no such plot. */
static est_status put_losses(const char *model_dir, est__buffer *b)
{
    est_plot *plot;
    est_status st = est_plot_new((est_strings){ &model_dir, 1 }, &(est_plot_options){ .tags = EST_STRINGS("^loss$") }, &plot);
    if (st != EST_OK)
        return st == EST_RESOURCE_EXHAUSTED ? st : EST_OK;
    losses *l = est__calloc(1, sizeof *l);
    if (l) {
        gather(plot, l);
        begin_section(b, "Loss", "By global step.");
        est__html_plot(b, &(est__plot){ .x_name = "step", .y_name = "loss", .line = l->line, .count = l->count });
        end_section(b);
    }
    st = l ? EST_OK : est__fail_memory(sizeof *l);
    est__free(l);
    est_plot_free(plot);
    return st;
}

/* ---- the page ---- */

static void put_importances(const est__report *r, est__buffer *b)
{
    enum { SHOWN = 30, BAR = 100 };
    double most = r->num_importances ? r->importance[0].gain : 0;
    if (r->num_importances == 0)
        return;
    begin_section(b, "Importance", "How much the loss grows when a feature's values are shuffled among the examples.");
    est__buffer_text(b, "<table class=\"top bars\">\n");
    for (size_t i = 0; i < r->num_importances && i < SHOWN; i++) {
        double gain = r->importance[i].gain;
        est__buffer_text(b, "<tr><td>");
        est__html_text(b, r->importance[i].feature);
        est__buffer_printf(b, "</td><td><svg viewBox=\"0 0 %d 10\"><rect class=\"bar\" width=\"%.1f\" height=\"10\"/></svg></td><td>", BAR,
                           most > 0 && gain > 0 ? gain / most * BAR : 0);
        est__html_number(b, gain);
        est__buffer_text(b, "</td></tr>\n");
    }
    est__buffer_text(b, "</table>\n<p class=\"note\">Unshuffled, the loss of these examples is ");
    est__html_number(b, r->base_loss);
    est__buffer_text(b, ".</p>\n");
    end_section(b);
}

static void put_metrics(const est__report *r, est__buffer *b)
{
    begin_section(b, "Metrics", "As evaluate gives them.");
    est__buffer_text(b, "<table class=\"top plain\">\n");
    for (size_t i = 0; i < r->results->count; i++) {
        est__buffer_text(b, "<tr><td>");
        est__html_text(b, r->results->name[i]);
        est__buffer_text(b, "</td><td>");
        if (strcmp(r->results->name[i], "global_step") == 0)
            est__buffer_printf(b, "%lld", (long long)r->results->value[i]);
        else
            est__buffer_printf(b, "%.6g", r->results->value[i]);
        est__buffer_text(b, "</td></tr>\n");
    }
    est__buffer_text(b, "</table>\n");
    end_section(b);
}

static est_status put_head(const est__report_head *h, est__buffer *b)
{
    if (h->name) {
        est__buffer_text(b, "</main>\n<h2 class=\"part\">Head ");
        est__html_text(b, h->name);
        est__buffer_text(b, "</h2>\n<main>\n");
    }
    if (h->kind == EST__REPORT_BINARY || h->kind == EST__REPORT_CLASSES || h->kind == EST__REPORT_LABELS)
        EST_TRY(put_curves(h, b));
    if (h->kind == EST__REPORT_BINARY) {
        put_calibration(h, b);
        put_thresholds(h, b);
        put_distribution(h, b);
    }
    if (h->confusion)
        put_confusion(h, b);
    return h->kind == EST__REPORT_NUMBERS ? put_numbers(h, b) : EST_OK;
}

/* What is of all heads comes before the first of several. */
est_status est__report_html(const est__report *r, const char *title, const char *model_dir, est__buffer *b)
{
    bool several = r->num_heads > 1;
    est__html_begin(b, title);
    est__buffer_text(b, "</h1><p>");
    est__html_text(b, model_dir);
    est__buffer_printf(b, ", %lld examples</p>\n<main>\n", (long long)r->rows);
    put_metrics(r, b);
    EST_TRY(put_losses(model_dir, b));
    if (several)
        put_importances(r, b);
    for (size_t i = 0; i < r->num_heads; i++)
        EST_TRY(put_head(&r->head[i], b));
    if (!several)
        put_importances(r, b);
    est__buffer_text(b, "</main></body></html>\n");
    return b->status;
}
