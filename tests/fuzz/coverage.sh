#!/bin/sh
# coverage.sh FOLDER TARGET.fuzz...: the lines that the seeds of each target reach, in the files that its first comment says it
# covers; sections headed "---- writing" read nothing and do not count. 1 when those of a target are under 90 %. With
# FUZZ_MISSED=NAME the lines are shown that target NAME misses.
set -u
folder=$1 wanted=90 failed=0
shift
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
profdata=$(${FUZZ_CC:-clang} -print-prog-name=llvm-profdata) cov=$(${FUZZ_CC:-clang} -print-prog-name=llvm-cov)
export TMPDIR="$work"

# llvm-cov gives a line with a file's path, then "LINE|COUNT|text" for each line of it; lines of no code have no count.
count_lines='
    /^\/.*:$/ { counts = $0 ~ pattern; writing = 0; if (counts && missed_shown) print }
    !counts || !/^ *[0-9]+\|/ { next }
    /\/\* ---- / { writing = /\/\* ---- writing/ }
    writing || !/^ *[0-9]+\| *[0-9]/ { next }
    { lines++ }
    /^ *[0-9]+\| *0\|/ { missed++; if (missed_shown) print }
    END {
        reached = lines ? 100 * (lines - missed) / lines : 0
        printf "%-18s %-56s %6d %6d %7.1f%%\n", name, files, lines, missed, reached
        exit reached < wanted
    }'

printf '%-18s %-56s %6s %6s %8s\n' target files lines missed reached
for target; do
    name=$(basename "$target" .fuzz)
    files=$(sed '/\*\//q' "$folder/$name.c" | grep -o 'src/[a-z_/]*\.[ch]')
    pattern=$(echo "$files" | sed -e 's|^|/|' -e 's|\.|[.]|' | paste -s -d '|')
    if ! LLVM_PROFILE_FILE="$work/raw" "./$target" -runs=0 "$folder/corpus/$name" > "$work/log" 2>&1 ||
        ! "$profdata" merge -o "$work/data" "$work/raw" ||
        ! "$cov" show "$target" -instr-profile="$work/data" > "$work/lines"; then
        cat "$work/log"
        failed=1
        continue
    fi
    [ "${FUZZ_MISSED:-}" = "$name" ] && missed_shown=1 || missed_shown=0
    awk -v pattern="($pattern):\$" -v name="$name" -v files="$(echo "$files" | sed 's/src.//' | paste -s -d ' ')" \
        -v wanted=$wanted -v missed_shown=$missed_shown "$count_lines" "$work/lines" ||
        { failed=1; echo "FAILED  $name: under $wanted %"; }
done
[ "$failed" -eq 0 ]
