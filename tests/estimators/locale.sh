#!/bin/sh
# Numbers do not depend on the host program's locale: the test of that, in one that writes 0,5.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
localedef -i de_DE -f UTF-8 "$work/de_DE.UTF-8" 2> /dev/null || { echo "no localedef, or no source of de_DE"; exit 77; }
[ -x "$BUILDDIR/tests/unit" ] || { echo "tests/unit is not built"; exit 77; }
LOCPATH=$work EST_TEST_LOCALE=de_DE.UTF-8 "$BUILDDIR/tests/unit" estimators_custom > "$work/log" 2>&1
status=$?
cat "$work/log"
exit $status
