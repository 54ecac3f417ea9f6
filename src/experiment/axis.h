/* Axes of plots: the range of what is drawn, and round numbers along it. */
#ifndef EST_EXPERIMENT_AXIS_H
#define EST_EXPERIMENT_AXIS_H

#include "base/base.h"

typedef struct est__range { double least, most; } est__range;
est__range est__range_empty(void);
void est__range_take(est__range *r, double v);     /* passes over what is not finite */
void est__range_close(est__range *r);              /* what holds nothing, or one number, gets a range of its own */

/* 1, 2 or 5 times a power of ten, for about `marks` marks over the range. */
double est__axis_step(double range, double marks);
/* The same of seconds: also 15 and 30, of minutes, of hours and of days. */
double est__axis_time_step(double range, double marks);
/* Widens the range of an axis over rows of characters so that marks, a round step apart, stand in the middle of rows. Returns that step.
 * `whole`: it is a whole number (of decades). */
double est__axis_rows(est__range *r, int rows, bool whole);

/* What stands at a mark; `step` tells how many digits it needs. */
enum { EST__AXIS_TEXT = 32 };
void est__axis_number(char text[EST__AXIS_TEXT], double v, double step);
void est__axis_duration(char text[EST__AXIS_TEXT], double seconds, double step);
void est__axis_time(char text[EST__AXIS_TEXT], double seconds, double step);      /* since 1970, in the local zone */
/* Seconds that the local zone is ahead, so that marks stand at its full hours. */
double est__axis_zone(double seconds);

#endif
