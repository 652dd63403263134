#!/usr/bin/env bash
# Takes the guards of docs/threats.md out, one change at a time, and says which change no test noticed.
#   mutants.sh              everything, shard after shard
#   mutants.sh K/N          one shard of N, counted from 0: SHARDS of them take about an hour each on two idle cores
#   mutants.sh FILE...      these files, or such as 'src/flow/**'
#   mutants.sh --re=...     whatever cargo-mutants takes to choose some
# A change that the library's tests let pass is tried against the HTTP tests; what these let pass, too, must stand
# in docs/threats.md. The outcomes lie in target/mutants.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly guards=('src/flow/**' 'src/artifact/**' 'src/seal/**' src/http/identity.rs src/http/params.rs 'src/oauth/**')
readonly SHARDS=2 tree=target/mutants/tree outcomes=target/mutants/outcomes
# What one change costs is building and linking, so: no debug information of ours, and a linker that is fast.
readonly cargo_args=(--config 'profile.dev.package.mcp-auth-sidecar.debug=0')
PATH=$PWD/tests/tools/bin:$PATH

main() {
    tests/tools/install.sh cargo_mutants mold
    copy_tree
    green
    rm -rf "$outcomes"
    case "${1:-}" in
        "") shards ;;
        [0-9]*/[0-9]*) judge "shard-${1%/*}" "${guards[@]/#/--file=}" --shard "$1" ;;
        --*) judge chosen "${guards[@]/#/--file=}" "$@" ;;
        *) judge files "${@/#/--file=}" ;;
    esac
}

shards() {
    local shard failed=0
    for ((shard = 0; shard < SHARDS; shard++)); do
        judge "shard-$shard" "${guards[@]/#/--file=}" --shard "$shard/$SHARDS" || failed=1
    done
    return "$failed"
}

# The changes are made in a copy, whose builds stay warm from one run to the next.
copy_tree() {
    rm -rf "$tree"/{src,tests,.cargo}
    mkdir -p "$tree"
    git ls-files -z --cached --others --exclude-standard \
        | xargs -0 cp --parents --preserve=timestamps --target-directory="$tree"
}

green() { (cd "$tree" && mold -run cargo test "${cargo_args[@]}" --quiet --lib --test http); }

# Two passes, because most changes are noticed by the cheaper one.
judge() {
    local rules="$outcomes/$1/rules" doors="$outcomes/$1/doors" left
    shift
    pass "$rules" 120 --lib "$@"
    left="$rules/mutants.out/missed.txt"
    if [ -s "$left" ]; then
        mapfile -t only < <(only "$left")
        pass "$doors" 600 --test=http "${only[@]}"
        # cargo-mutants lets changes of fields pass by any --re.
        grep -Fxf "$left" "$doors/mutants.out/missed.txt" >"$outcomes/left" || true
        left="$outcomes/left"
    fi
    explained "$left"
}

# Nothing but these changes, for cargo-mutants.
only() {
    sed 's/:.*//; s/^/--file=/' "$1" | sort -u
    sed 's/[][().*+?^${}|\\]/\\&/g; s/.*/--re=^&$/' "$1"
}

# 2 and 3 are for what was let pass and for what hung: neither is a failure of this run.
pass() {
    local to=$1 seconds=$2 tests=$3 status=0
    shift 3
    mkdir -p "$to"
    mold -run cargo mutants --dir "$tree" --in-place --output "$to" --baseline skip --timeout "$seconds" \
        --colors never "${cargo_args[@]/#/--cargo-arg=}" --cargo-arg="$tests" "$@" || status=$?
    [[ $status = [023] ]]
}

# Each change that stays must be one of docs/threats.md, named without its line.
explained() {
    local mutant unknown=0
    while IFS= read -r mutant; do
        mutant=$(sed -E 's/:[0-9]+:[0-9]+: /: /' <<<"$mutant")
        grep -qF -- "\`$mutant\`" docs/threats.md || { echo "no test notices: $mutant"; unknown=1; }
    done <"$1"
    return "$unknown"
}

main "$@"
