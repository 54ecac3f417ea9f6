#!/bin/sh
# run.sh FOLDER SECONDS TARGET.fuzz...: all targets side by side for so many seconds, each from its seeds. Prints what each has
# done; 1 when one of them found a crash, a leak, an input that takes too long, or one that takes too much memory. What was found
# lies in tests/fuzz/found, and its bytes stand in the output.
set -u
folder=$1 seconds=$2
shift 2
found=tests/fuzz/found
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'kill $(jobs -p) 2> /dev/null; exit 130' INT TERM
rm -rf "$found"
mkdir -p "$found"
export TMPDIR="$work" LLVM_PROFILE_FILE=/dev/null
export ASAN_OPTIONS="quarantine_size_mb=16:allocator_may_return_null=1:detect_leaks=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"

# One target; its status goes to a file. The seed is fixed: from the same inputs the search takes much the same way every time.
search() {
    name=$1
    mkdir "$work/$name" || return
    dictionary=$folder/dictionaries/$name
    [ -f "$dictionary" ] && dictionary="-dict=$dictionary" || dictionary=
    "./tests/fuzz/$name.fuzz" -seed=1 -max_total_time="$seconds" -timeout=30 -rss_limit_mb=1024 -malloc_limit_mb=128 -max_len=4096 \
        -print_final_stats=1 -reload=0 -artifact_prefix="$found/$name-" $dictionary "$work/$name" "$folder/corpus/$name" \
        > "$work/$name.log" 2>&1
    echo $? > "$work/$name.status"
}

for target; do
    search "$(basename "$target" .fuzz)" &
done
wait

failed=0 all=0
printf '%-20s %12s %8s %10s\n' target executions corpus 'memory MB'
for target; do
    name=$(basename "$target" .fuzz) log=$work/$(basename "$target" .fuzz).log
    number() { sed -n "s/^stat::$1: *//p" "$log" | tail -n 1; }
    runs=$(number number_of_executed_units)
    printf '%-20s %12s %8s %10s\n' "$name" "${runs:--}" "$(find "$work/$name" -type f | wc -l)" "$(number peak_rss_mb)"
    all=$((all + ${runs:-0}))
    [ "$(cat "$work/$name.status" 2> /dev/null)" = 0 ] && continue
    failed=$((failed + 1))
    grep -vE '^#[0-9]+|^INFO:|NEW_FUNC' "$log" | tail -n 60
    for input in "$found/$name-"*; do
        [ -f "$input" ] && echo "FAILED $name: $input, in base64:" && base64 "$input"
    done
done
echo "$all executions in $seconds seconds, $failed of $# targets failed"
[ "$failed" -eq 0 ]
