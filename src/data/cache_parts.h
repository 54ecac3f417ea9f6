/* The layout of a cache file, which its writer and its reader share.
 *
 *   "ESTCACHE", version (u64); the parts, each at a multiple of 64; the footer; its size (u64), its checksum (u32), "END\n".
 *   Footer: fingerprint, rows (u64), number of columns (u32); a column: dtype, elements or -1 (u64); a part: offset, size (u64),
 *   checksum (u32).
 *
 * A column has up to three parts: row offsets (variable length), elements or text offsets, text. Offsets are int64 and begin with 0. */
#ifndef EST_DATA_CACHE_PARTS_H
#define EST_DATA_CACHE_PARTS_H

#include "data/cache_file.h"

enum { EST__CACHE_VERSION = 1, EST__CACHE_HEAD = 16, EST__CACHE_TAIL = 16, EST__CACHE_ALIGN = 64, EST__CACHE_PARTS = 3 };
enum { EST__CACHE_SPLITS, EST__CACHE_ELEMENTS, EST__CACHE_TEXT };
#define EST__CACHE_MAGIC "ESTCACHE"
#define EST__CACHE_END "END\n"

static inline bool est__cache_has(const est_feature *f, int part)
{
    return part == EST__CACHE_SPLITS ? f->variable_length : part == EST__CACHE_TEXT ? f->dtype == EST_STRING : true;
}

/* Does this part hold offsets? */
static inline bool est__cache_is_offsets(const est_feature *f, int part)
{
    return part == EST__CACHE_SPLITS || (part == EST__CACHE_ELEMENTS && f->dtype == EST_STRING);
}

#endif
