/* Messages: limits on the way in, the way out, text, memory that ends. */
#include "proto/pack.h"

#include <stdlib.h>

#include "proto/event.pb-c.h"
#include "proto/graph.pb-c.h"
#include "proto/meta_graph.pb-c.h"
#include "support/est_test.h"

#define NODE &tensorflow__node_def__descriptor
#define UNPACK(descriptor, bytes, message) \
    est__proto_unpack(descriptor, bytes, sizeof(bytes) - 1, "graph.pb", message)

static void node_goes_in_and_out(void)
{
    /* name "x", op "Const", attr {dtype: DT_FLOAT}, and field 99 of a later version */
    static const char wire[] = "\x0a\x01x\x12\x05"
                               "Const\x2a\x0b\x0a\x05"
                               "dtype\x12\x02\x30\x01\x9a\x06\x02hi";
    Tensorflow__NodeDef *n;
    est__buffer out = { 0 };
    EST_NEED_OK(UNPACK(NODE, wire, &n));
    EST_CHECK_STR(n->name, "x");
    EST_CHECK_INT(n->n_attr, 1);
    EST_CHECK_INT(n->attr[0]->value->type, TENSORFLOW__DATA_TYPE__DT_FLOAT);
    EST_CHECK_OK(est__proto_pack(n, &out));
    EST_CHECK_BYTES(out.data, out.size, wire, sizeof wire - 1);
    est__buffer_clear(&out);
    EST_CHECK_OK(est__proto_text(n, &out));
    EST_CHECK_STR(
        out.data,
        "name: \"x\"\nop: \"Const\"\nattr {\n  key: \"dtype\"\n  value {\n    type: DT_FLOAT\n  }\n}\n");
    est__buffer_free(&out);
    est__proto_free(n);
    EST_NEED_OK(est__proto_unpack(NODE, NULL, 0, "graph.pb", &n));
    EST_CHECK_STR(n->name, "");
    est__proto_free(n);
}

static void text_escapes(void)
{
    Tensorflow__AttrValue a = TENSORFLOW__ATTR_VALUE__INIT;
    Tensorflow__AttrValue__ListValue list = TENSORFLOW__ATTR_VALUE__LIST_VALUE__INIT;
    Tensorflow__NodeDef n = TENSORFLOW__NODE_DEF__INIT;
    est__buffer out = { 0 };
    float f[] = { 1, 1e-5f, -0.5f };
    n.name = (char[]){ "a\"'\\\n\001\303\251" };
    EST_CHECK_OK(est__proto_text(&n, &out));
    EST_CHECK_STR(out.data, "name: \"a\\\"\\'\\\\\\n\\001\303\251\"\n");
    est__buffer_clear(&out);
    a.value_case = TENSORFLOW__ATTR_VALUE__VALUE_S;
    a.s = (ProtobufCBinaryData){ 3, (uint8_t[]){ 0, 'x', 0xc3 } };
    EST_CHECK_OK(est__proto_text(&a, &out));
    EST_CHECK_STR(out.data, "s: \"\\000x\\303\"\n");
    est__buffer_clear(&out);
    a.value_case = TENSORFLOW__ATTR_VALUE__VALUE_LIST;
    a.list = &list;
    list.n_f = 3;
    list.f = f;
    list.n_type = 2;
    list.type = (Tensorflow__DataType[]){ TENSORFLOW__DATA_TYPE__DT_INT64, (Tensorflow__DataType)77 };
    EST_CHECK_OK(est__proto_text(&a, &out));
    EST_CHECK_STR(out.data, "list {\n  f: 1.0\n  f: 1e-05\n  f: -0.5\n  type: DT_INT64\n  type: 77\n}\n");
    est__buffer_free(&out);
}

/* An oneof with the value 0 is there all the same. */
static void text_shows_a_chosen_zero(void)
{
    Tensorflow__AttrValue a = TENSORFLOW__ATTR_VALUE__INIT;
    est__buffer out = { 0 };
    a.value_case = TENSORFLOW__ATTR_VALUE__VALUE_B;
    EST_CHECK_OK(est__proto_text(&a, &out));
    EST_CHECK_STR(out.data, "b: false\n");
    est__buffer_free(&out);
}

static void refuses_damage(void)
{
    Tensorflow__NodeDef *n;
    Tensorflow__MetaGraphDef *m;
    EST_CHECK_FAILS(UNPACK(NODE, "\x0a\x05x", &n), EST_DATA_LOSS,
                    "graph.pb: byte 0: NodeDef is cut short: the file is damaged");
    EST_CHECK(!n);
    EST_CHECK_FAILS(UNPACK(NODE, "\x0a\xff", &n), EST_DATA_LOSS,
                    "graph.pb: byte 0: NodeDef holds a length that does not end: the file is damaged");
    EST_CHECK_FAILS(UNPACK(NODE, "\x0a\x01x\x00", &n), EST_DATA_LOSS,
                    "graph.pb: byte 3: NodeDef has a tag that is none: the file is damaged");
    EST_CHECK_FAILS(UNPACK(NODE, "\x0b\x0c", &n), EST_DATA_LOSS,
                    "graph.pb: byte 0: NodeDef has a field of an unknown kind: the file is damaged");
    EST_CHECK_FAILS(UNPACK(NODE, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", &n), EST_DATA_LOSS,
                    "graph.pb: byte 0: NodeDef holds a number that does not end: the file is damaged");
    EST_CHECK_FAILS(UNPACK(NODE, "\x2a\x03\x0a\x01x", &n), EST_DATA_LOSS,
                    "graph.pb: byte 5: AttrEntry has no value: the file is damaged");
    EST_CHECK_FAILS(UNPACK(NODE, "\x08\x01", &n), EST_DATA_LOSS,
                    "graph.pb: not a NodeDef: a field has another kind than it should: the file is damaged");
    EST_CHECK_FAILS(UNPACK(&tensorflow__meta_graph_def__descriptor, "\x12\x00\x12\x00", &m), EST_DATA_LOSS,
                    "graph.pb: byte 4: field 'graph_def' of MetaGraphDef stands twice: the file is damaged");
}

/* An AttrValue in the attributes of a function in an AttrValue, `levels` times; written from its end to its
 * beginning. */
static uint8_t *nested(int levels, size_t *size)
{
    size_t capacity = (size_t)levels * 32 + 16, at = capacity;
    uint8_t *wire = malloc(capacity);
    for (int i = 0; wire && i < levels; i++) {
        static const uint8_t tags[] = { 0x12, 0x12,
                                        0x52 }; /* entry.value, NameAttrList.attr, AttrValue.func */
        for (int k = 0; k < 3; k++) {
            uint64_t n = capacity - at;
            uint8_t length[10];
            size_t bytes = 0;
            for (; n >= 0x80; n >>= 7)
                length[bytes++] = (uint8_t)(n | 0x80);
            length[bytes++] = (uint8_t)n;
            at -= bytes;
            memcpy(wire + at, length, bytes);
            wire[--at] = tags[k];
        }
    }
    *size = capacity - at;
    if (wire)
        memmove(wire, wire + at, *size);
    return wire;
}

static void refuses_depth(void)
{
    Tensorflow__AttrValue *a;
    size_t size;
    uint8_t *wire = nested(1000000, &size);
    EST_NEED(wire != NULL);
    EST_CHECK_INT(est__proto_unpack(&tensorflow__attr_value__descriptor, wire, size, "graph.pb", &a),
                  EST_RESOURCE_EXHAUSTED);
    EST_CHECK(strstr(est_error(), "messages are nested deeper than 100: refused") != NULL);
    free(wire);
    wire = nested(33, &size);
    EST_NEED(wire != NULL);
    EST_CHECK_OK(est__proto_unpack(&tensorflow__attr_value__descriptor, wire, size, "graph.pb", &a));
    est__proto_free(a);
    free(wire);
    EST_CHECK_INT(est__proto_check(&tensorflow__attr_value__descriptor, "", (size_t)1 << 31, "graph.pb"),
                  EST_RESOURCE_EXHAUSTED);
}

/* Bytes that look like nested messages are only bytes. */
static void does_not_enter_bytes(void)
{
    Tensorflow__Event *e;
    EST_NEED_OK(UNPACK(&tensorflow__event__descriptor, "\x22\x04\xff\xff\xff\xff", &e));
    EST_CHECK_INT(e->graph_def.len, 4);
    est__proto_free(e);
}

static void memory_may_end(void)
{
    char *data;
    size_t size;
    Tensorflow__SavedModel *m = NULL;
    est_status st = EST_RESOURCE_EXHAUSTED;
    EST_NEED_OK(est__file_read(EST_TEST_DATA("tests/golden/formats/saved_model/saved_model.pb"), 1 << 20,
                               &data, &size));
    for (int64_t nth = 1; st == EST_RESOURCE_EXHAUSTED && nth < 10000; nth++) {
        (void)est_test_fail_allocation(nth);
        st = est__proto_unpack(&tensorflow__saved_model__descriptor, data, size, "saved_model.pb", &m);
        (void)est_test_fail_allocation(0);
        EST_CHECK((st == EST_OK) == (m != NULL));
    }
    EST_CHECK_OK(st);
    est__proto_free(m);
    est__free(data);
}

EST_SUITE(proto_pack, EST_TEST(node_goes_in_and_out), EST_TEST(text_escapes),
          EST_TEST(text_shows_a_chosen_zero), EST_TEST(refuses_damage), EST_TEST(refuses_depth),
          EST_TEST(does_not_enter_bytes), EST_TEST(memory_may_end));
