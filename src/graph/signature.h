/* An op row's signature, parsed: arguments, results and attributes. */
#ifndef EST_GRAPH_SIGNATURE_H
#define EST_GRAPH_SIGNATURE_H

#include "graph/op.h"

/* One argument or result; exactly one of dtype, type_attr and list_attr says its type. */
typedef struct est__argdef {
    const char *name;
    est_dtype dtype;           /* EST_INVALID: by attribute */
    const char *type_attr;
    const char *number_attr;   /* NULL: one tensor */
    const char *list_attr;     /* tensors of the types that this attribute lists */
} est__argdef;

typedef struct est__attrdef {
    const char *name;
    est_attr_kind kind;
    bool has_default;
    est_attr def;
    const est_dtype *allowed;  /* of a type; none: all */
    size_t num_allowed;
} est__attrdef;

typedef struct est__opdef {
    const est_op_row *row;
    const est__argdef *in, *out;
    const est__attrdef *attr;
    size_t num_in, num_out, num_attrs;
} est__opdef;

/* The definition of an op; NULL: unknown, or its signature does not parse (then est_error() says where).
 * Thread-safe: all are parsed once, at first use. */
const est__opdef *est__opdef_find(const char *tf_name);
/* The known op nearest in name, for messages; NULL: none is near. */
const char *est__opdef_nearest(const char *tf_name);
const est__attrdef *est__opdef_attr(const est__opdef *d, const char *name);   /* NULL: none */

#endif
