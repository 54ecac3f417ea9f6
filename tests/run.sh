#!/bin/sh
# run.sh PROGRAM... -- SCRIPT...: runs the scripts, then the CUnit programs. A script's output is shown when it fails.
# The last line is "N passed, N failed"; exit status 1 when one failed or nothing ran.
set -u
programs=
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    programs="$programs $1"
    shift
done
[ $# -gt 0 ] && shift

passed=0 failed=0 skipped=0
log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT

for script; do
    ${SHELL:-/bin/sh} "$SRCDIR/$script" > "$log" 2>&1
    case $? in
        0) echo "ok      $script"; passed=$((passed + 1)) ;;
        77) echo "skipped $script: $(tail -n 1 "$log")"; skipped=$((skipped + 1)) ;;
        *) cat "$log"; echo "FAILED  $script"; failed=$((failed + 1)) ;;
    esac
done

for program in $programs; do
    "./$program" ${EST_SUITES:-} 2>&1 | tee "$log"
    # CUnit's line: "tests  total  ran  passed  failed  inactive"
    set -- $(sed -n 's/^ *tests *\([0-9]*\) *\([0-9]*\) *\([0-9]*\) *\([0-9]*\) .*/\3 \4/p' "$log" | tail -n 1)
    if [ $# -eq 2 ]; then
        passed=$((passed + $1)) failed=$((failed + $2))
    else
        echo "FAILED  $program: it ended without a summary"
        failed=$((failed + 1))
    fi
    if [ $# -eq 2 ] && [ "$2" -eq 0 ] && grep -qE '(Sanitizer|runtime error):' "$log"; then
        echo "FAILED  $program: a sanitizer found a fault"
        failed=$((failed + 1))
    fi
done
[ -n "$programs" ] || echo "no unit tests: CUnit was not found, or the static library is not built"

echo
[ "$skipped" -eq 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
