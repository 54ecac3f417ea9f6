#!/bin/sh
# Every public header compiles by itself, as strict C11 and as C++17, and is reached through estimator.h.
set -u
flags="-Wall -Wextra -Wpedantic -Wshadow -Werror -fsyntax-only -I$BUILDDIR/include -I$SRCDIR/include"
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
bad=0
for header in "$SRCDIR"/include/estimator/*.h "$BUILDDIR/include/estimator/version.h"; do
    name=estimator/$(basename "$header")
    echo "#include <$name>" > "$work/one.c"
    cp "$work/one.c" "$work/one.cc"
    $CC -std=c11 -Wstrict-prototypes $flags "$work/one.c" || { echo "$name is not strict C11"; bad=1; }
    [ -z "$CXX" ] || $CXX -std=c++17 $flags "$work/one.cc" || { echo "$name is not C++17"; bad=1; }
    [ "$name" = estimator/estimator.h ] || grep -q "<$name>" "$SRCDIR/include/estimator/estimator.h" ||
        { echo "$name is missing in estimator.h"; bad=1; }
done
exit $bad
