/* Any bytes as a table. */
#include "fuzz/fuzz.h"

#include "formats/table.h"

EST_FUZZ(table)
{
    est__sstable t;
    if (est__sstable_read(data, size, "input", &t) == EST_OK)
        (void)est__sstable_find(&t, "x", 1);
    est__sstable_free(&t);
    return 0;
}
