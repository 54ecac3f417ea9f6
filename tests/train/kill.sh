#!/bin/sh
# kill.sh [long]: training that is killed or runs into a full disk goes on to the same bytes.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
${MAKE:-make} -s -C "$BUILDDIR" tests/train/kill || exit 1
"$BUILDDIR/tests/train/kill" "${1:-short}" "$work"
