/* Any bytes as a table. */
#include "fuzz/fuzz.h"

#include "formats/table.h"

EST_FUZZ(table)
{
    est__table t;
    if (est__table_read(data, size, "input", &t) == EST_OK)
        (void)est__table_find(&t, "x", 1);
    est__table_free(&t);
    return 0;
}
