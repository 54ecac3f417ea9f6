/* The public session from inside. */
#ifndef EST_TRAIN_RUN_SESSION_H
#define EST_TRAIN_RUN_SESSION_H

#include <estimator/session.h>

#include "train/session.h"

est_graph *est__session_graph(const est_session *s);
/* The variable of that name, started; INVALID_ARGUMENT: there is none. */
est_status est__session_started(est_session *s, const char *name, est__variable **out);

#endif
