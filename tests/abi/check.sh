#!/bin/sh
# The binary interface: exported symbols, and the size of each public struct on 64-bit machines, as recorded beside this file.
# A difference is a change of the interface: change -version-info in Makefile.am, then `make abi-update`.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
here=$SRCDIR/tests/abi
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

# Both libraries say which symbols are hidden; a sanitizer adds some of its own.
if [ "${SANITIZER:-none}" = none ] && command -v "$READELF" > /dev/null; then
    library=$BUILDDIR/.libs/libestimator.so
    [ -f "$library" ] || library=$BUILDDIR/.libs/libestimator.a
    symbols=--symbols
    [ "$library" = "${library%.so}" ] || symbols=--dyn-syms
    "$READELF" -W $symbols "$library" |
        awk '$5 == "GLOBAL" && $6 == "DEFAULT" && $7 != "UND" { print $8 }' | LC_ALL=C sort -u > "$work/symbols.txt"
    compare "${1:-}" symbols.txt
fi
exit $bad
