/* Round numbers along an axis, of quantities and of times. */
#include "experiment/axis.h"

#include <math.h>
#include <time.h>

est__range est__range_empty(void)
{
    return (est__range){ INFINITY, -INFINITY };
}

void est__range_take(est__range *r, double v)
{
    if (isfinite(v)) {
        r->least = fmin(r->least, v);
        r->most = fmax(r->most, v);
    }
}

/* Numbers of an event file may lie so close together that half of one is nothing to them. */
void est__range_close(est__range *r)
{
    if (!(r->least <= r->most))
        *r = (est__range){ 0, 1 };
    if (r->most - r->least <= fmax(fabs(r->least), fabs(r->most)) * 1e-12) {
        double half = r->least != 0 ? fabs(r->least) * 0.05 : 0.5;
        r->least -= half;
        r->most += half;
    }
}

double est__axis_step(double range, double marks)
{
    double power = pow(10, floor(log10(range / marks))), rest = range / marks / power;
    return power * (rest < 1.5 ? 1 : rest < 3.5 ? 2 : rest < 7.5 ? 5 : 10);
}

/* Of all round steps and numbers of rows between two marks, the ones that leave the least empty. */
double est__axis_rows(est__range *r, int rows, bool whole)
{
    static const double factors[] = { 1, 2, 5 };
    enum { CLOSEST = 2, FURTHEST = 4 };
    double best = INFINITY, best_step = 1, base = r->least, margin = 0.375, range = r->most - r->least;
    double power = pow(10, floor(log10(range / rows)));
    for (int i = 0; i < 9; i++) {
        double step = power * factors[i % 3] * pow(10, i / 3);
        for (int apart = whole ? 1 : CLOSEST; apart <= (whole ? rows : FURTHEST); apart++) {
            double row = step / apart, from = ceil(r->least / row - margin - 1e-9) * row, to = from + (rows - 1) * row;
            if ((whole && step < 1) || to + margin * row < r->most - row * 1e-9 || to - from >= best)
                continue;
            best = to - from;
            best_step = step;
            base = from;
        }
    }
    if (best < INFINITY)
        *r = (est__range){ base - margin * best / (rows - 1), base + best + margin * best / (rows - 1) };
    return best_step;
}

double est__axis_time_step(double range, double marks)
{
    static const double steps[] = { 1,    2,    5,    10,    15,    30,    60,        120,       300,       600,
                                    900,  1800, 3600, 7200,  10800, 21600, 43200,     86400,     2 * 86400, 7 * 86400 };
    size_t n = sizeof steps / sizeof *steps;
    if (range / marks < 0.8)
        return est__axis_step(range, marks);
    for (size_t i = 0; i < n; i++)
        if (steps[i] >= range / marks * 0.8)
            return steps[i];
    return 86400 * est__axis_step(range / 86400, marks);
}

/* From a million on in millions, so that numbers of steps stay short. */
void est__axis_number(char text[EST__AXIS_TEXT], double v, double step)
{
    int digits = (int)fmin(fmax(0, ceil(-log10(step) - 1e-9)), 17);
    if (fabs(v) < step / 2)
        v = 0;
    if (v == 0)
        est__print(text, EST__AXIS_TEXT, "0");
    else if (digits > 6 || fabs(v) >= 1e15)
        est__print(text, EST__AXIS_TEXT, "%.*g", (int)fmin(fmax(1, ceil(log10(fabs(v) / step) + 1)), 17), v);
    else if (fabs(v) >= 1e6 && step >= 1e4)
        est__print(text, EST__AXIS_TEXT, "%.*fM", step >= 1e6 ? 0 : step >= 1e5 ? 1 : 2, v / 1e6);
    else
        est__print(text, EST__AXIS_TEXT, "%.*f", digits, v);
}

/* "45s", "1:30", "1:02:05"; of longer steps "15m", "1h15m", "2h", "3d". */
void est__axis_duration(char text[EST__AXIS_TEXT], double seconds, double step)
{
    long long whole = (long long)fmin(fabs(seconds) + 0.5, 1e15), hours = whole / 3600, minutes = whole / 60 % 60;
    if (step < 1) {
        est__axis_number(text, seconds, step);
        est__print(text + strlen(text), EST__AXIS_TEXT - strlen(text), "s");
    } else if (step >= 86400) {
        est__print(text, EST__AXIS_TEXT, "%lldd", whole / 86400);
    } else if (step < 60) {
        if (hours)
            est__print(text, EST__AXIS_TEXT, "%lld:%02lld:%02lld", hours, minutes, whole % 60);
        else
            est__print(text, EST__AXIS_TEXT, minutes ? "%lld:%02lld" : "%llds", minutes ? minutes : whole, whole % 60);
    } else if (hours) {
        est__print(text, EST__AXIS_TEXT, minutes ? "%lldh%02lldm" : "%lldh", hours, minutes);
    } else {
        est__print(text, EST__AXIS_TEXT, minutes ? "%lldm" : "0", minutes);
    }
}

static bool local_time(double seconds, struct tm *out)
{
    time_t t = (time_t)fmin(fmax(floor(seconds + 0.5), -6e10), 2.5e11);
    return localtime_r(&t, out) != NULL;
}

void est__axis_time(char text[EST__AXIS_TEXT], double seconds, double step)
{
    struct tm t;
    *text = 0;
    if (!local_time(seconds, &t))
        return;
    if (step >= 86400)
        est__print(text, EST__AXIS_TEXT, "%02d-%02d", t.tm_mon + 1, t.tm_mday);
    else if (step >= 60)
        est__print(text, EST__AXIS_TEXT, "%02d:%02d", t.tm_hour, t.tm_min);
    else
        est__print(text, EST__AXIS_TEXT, "%02d:%02d:%02d", t.tm_hour, t.tm_min, t.tm_sec);
}

double est__axis_zone(double seconds)
{
    struct tm t;
    if (!local_time(seconds, &t))
        return 0;
    int64_t before = (int64_t)t.tm_year + 1899;      /* the year before, whose leap days have all been */
    int64_t days = ((int64_t)t.tm_year - 70) * 365 + before / 4 - before / 100 + before / 400 - 477 + t.tm_yday;
    double local = (double)days * 86400 + t.tm_hour * 3600.0 + t.tm_min * 60.0 + t.tm_sec;
    return floor((local - floor(seconds + 0.5)) / 60 + 0.5) * 60;
}
