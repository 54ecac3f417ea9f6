/* Messages in and out through protobuf-c, which knows no limits of its own: the wire form is checked before
 * it unpacks. */
#ifndef EST_PROTO_PACK_H
#define EST_PROTO_PACK_H

#include <protobuf-c/protobuf-c.h>

#include "base/base.h"

#define EST__PROTO_DEPTH 100           /* levels of messages in messages, as protobuf's own limit */
#define EST__PROTO_SIZE 0x7fffffffu    /* bytes of a message, as protobuf's own limit */

/* Walks the wire form of a message of type `d`: lengths against what is left, depth, size. Only fields that
 * `d` declares as messages are entered; unknown fields are skipped. A message field that is not repeated may
 * stand once, a map entry that maps to a message must have its value: so a map entry's `value` is never NULL
 * after unpacking. `what`: a path, for messages.
 * Errors: DATA_LOSS, RESOURCE_EXHAUSTED (too deep, too large). */
est_status est__proto_check(const ProtobufCMessageDescriptor *d, const void *data, size_t size,
                            const char *what);

/* Checks, then unpacks. `message` is the address of a pointer to the type that `d` describes; it is NULL
 * after a failure. Free with est__proto_free. Fields that `d` does not know are kept and packed again. */
est_status est__proto_unpack(const ProtobufCMessageDescriptor *d, const void *data, size_t size,
                             const char *what, void *message);

/* Frees a message of est__proto_unpack; NULL is fine. */
void est__proto_free(void *message);

/* Appends the wire form of any protobuf-c message. */
est_status est__proto_pack(const void *message, est__buffer *out);

/* Appends the text form as Python's text_format prints it. Map entries keep their order. */
est_status est__proto_text(const void *message, est__buffer *out);

#endif
