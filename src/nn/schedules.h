/* The row of a field table by which a learning rate is a schedule: a second form of the key `learning_rate`, for the member
 * `learning_rate_schedule`. It follows the row of the number. */
#ifndef EST_NN_SCHEDULES_H
#define EST_NN_SCHEDULES_H

#include <estimator/fields.h>

#define EST__RATE_SCHEDULE_FIELD(struct_type)                                                                         \
    { .name = "learning_rate", .type = EST_FIELD_SCHEDULE, .offset = offsetof(struct_type, learning_rate_schedule),   \
      .doc = "{type: ExponentialDecay, …}: it changes from step to step" }

#endif
