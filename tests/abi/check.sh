#!/bin/sh
# The binary interface: exported symbols, and the size of each public struct on 64-bit machines, as recorded beside this file.
# A difference is a change of the interface: change -version-info in Makefile.am, then `make abi-update`.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
here=$SRCDIR/tests/abi
library=$BUILDDIR/.libs/libestimator.so
bad=0

compare() {
    if [ "${1:-}" = --update ]; then
        cp "$work/$2" "$here/$2"
    elif ! diff -u "$here/$2" "$work/$2"; then
        echo "the interface has changed: see $here/check.sh"
        bad=1
    fi
}

{
    echo '#include <stdio.h>'
    echo '#include <estimator/estimator.h>'
    echo 'int main(void) {'
    cat "$SRCDIR"/include/estimator/*.h | sed -n 's/^} \(est_[a-z0-9_]*\);.*/\1/p; s/^typedef struct est_[a-z0-9_]* {.*} \(est_[a-z0-9_]*\);.*/\1/p' |
        LC_ALL=C sort -u | sed 's|.*|printf("%s %zu\\n", "&", sizeof(&));|'
    echo 'return sizeof(void *) != 8; }'
} > "$work/sizes.c"
$CC -I"$BUILDDIR/include" -I"$SRCDIR/include" -o "$work/sizes" "$work/sizes.c" || exit 1
if "$work/sizes" > "$work/sizes.txt"; then
    compare "${1:-}" sizes.txt
fi

if [ -f "$library" ] && [ -n "$NM" ] && [ "${SANITIZER:-none}" = none ]; then
    $NM -D --defined-only "$library" | awk '{ print $NF }' | LC_ALL=C sort > "$work/symbols.txt"
    compare "${1:-}" symbols.txt
fi
exit $bad
