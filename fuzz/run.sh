#!/usr/bin/env bash
# Runs each target, or those that are named, for a bounded time and a bounded number of executions (-1: any number):
#   run.sh SECONDS EXECUTIONS [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=$1
executions=$2
shift 2
PATH=$PWD/tests/tools/bin:$PATH
# The compiler is pinned and no nightly; without a sanitizer nothing of nightly's is needed but the instrumentation.
export RUSTC_BOOTSTRAP=1

[ $# -gt 0 ] || mapfile -t targets < <(cargo fuzz list)
[ $# -eq 0 ] || targets=("$@")
cargo fuzz build --sanitizer none
failed=()
for target in "${targets[@]}"; do
    # What is new is kept aside: the corpus that is committed stays small.
    fresh=fuzz/target/found/$target
    log=fuzz/target/$target.log
    mkdir -p "$fresh"
    cargo fuzz run --sanitizer none "$target" "$fresh" "fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -runs="$executions" -max_len=8192 -timeout=10 -print_final_stats=1 >"$log" 2>&1 || failed+=("$target")
    awk -v target="$target" '/executed_units/ {n = $2} /average_exec_per_sec/ {r = $2}
        END {printf "%-18s %9d runs, %7d a second\n", target, n, r}' "$log"
done
[ ${#failed[@]} -eq 0 ] || {
    for target in "${failed[@]}"; do tail -n 30 "fuzz/target/$target.log"; done
    echo "failed: ${failed[*]}; the inputs lie in fuzz/artifacts, and belong into fuzz/corpus once they are mended" >&2
    exit 1
}
