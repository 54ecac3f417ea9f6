/* The names of activations, for the tables of fields. */
#ifndef EST_NN_ACTIVATIONS_H
#define EST_NN_ACTIVATIONS_H

extern const char *const est__activation_names[];   /* ends with NULL */

#endif
