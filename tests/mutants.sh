#!/usr/bin/env bash
# Takes the guards of docs/threats.md out, one change at a time, and says which change no test noticed.
#   mutants.sh              everything, shard after shard, then the two below
#   mutants.sh K/N          one shard of N, counted from 0: SHARDS of them take about an hour each on two idle cores
#   mutants.sh elsewhere    the functions that guard in rooms which mostly do something else
#   mutants.sh text         guards that are no code, or none that cargo-mutants can change: those of tests/mutants/texts
#   mutants.sh FILE...      these files, or such as 'src/flow/**'
#   mutants.sh --re=...     whatever cargo-mutants takes to choose some
# A change that the library's tests let pass is tried against the HTTP tests; what these let pass, too, must stand
# in docs/threats.md. The outcomes lie in target/mutants.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly guards=('src/flow/**' 'src/artifact/**' 'src/seal/**' src/http/identity.rs src/http/params.rs 'src/oauth/**')
readonly SHARDS=2 tree=target/mutants/tree outcomes=target/mutants/outcomes
# A file, what of it by the names that cargo-mutants gives, and whose tests are tried one after the other: the library's
# (rules), or those of a binary that have one of these words in their names. All HTTP tests follow. What shows, logs or
# counts is left out.
readonly elsewhere=(
    'src/http/consent.rs          .                                         http:consent'
    'src/http/limits.rs           may_|failed|count|replace.&.w             rules http:limits,fetched_reach'
    'src/http/guard.rs            admit|may_call|bearer                     http:gateway,verify'
    'src/http/register.rs         .                                         http:register,limits'
    'src/http/body.rs             form|read|\*                              http:token,revoke,register'
    'src/http/credentials.rs      in.credentials|credentials.->|basic       http:minted,token,grants,revoke'
    'src/http/token.rs            parsed                                    http:token,grants'
    'src/http/mod.rs              Here::of|refuse_get                       http:jwks,metadata,consent'
    'src/http/pages.rs            whence|html                               http:consent_page,documents,minted'
    'src/http/cors.rs             in.cors|preflight|open                    http:metadata,consent,gateway,limits'
    'src/http/log.rs              known_or_new_id                           http:observed'
    'src/http/caller.rs           .                                         rules'
    'src/http/gateway/headers.rs  to_upstream|is_|as_read|connection_|append  rules http:gateway'
    'src/spent/memory.rs          Families::|Family::present                rules http:token,refresh,revoke'
    'src/spent/mod.rs             open_family|present|revoke|replayed       http:token,refresh,revoke'
    'src/site.rs                  Site::|RedirectPolicy::admits             rules http:redirect_uris,several_resources,origins,documents'
    'src/rules/deny.rs            .                                         rules http:deny'
    'src/rules/people.rs          .                                         rules http:people'
    'src/rules/mod.rs             Rules::(denies|people|secrets)            http:deny,people,identity'
    'src/fetch/address.rs         .                                         rules'
    'src/fetch/outside.rs         Reach::|Resolver|is_json                  rules http:fetched'
    'src/fetch/mod.rs             builder|is_ok|in.body|body.->             http:fetched'
    'src/document/cache.rs        .                                         rules http:fetched'
    'src/document/fetched.rs      Fetched::fetch|\*                         http:fetched'
    'src/document/mod.rs          DocumentUrl>                              rules http:fetched,documents'
    'src/server/patient.rs        is_over                                   drowned:patience'
    'src/spent/redis.rs           ::(open|present|revoke|is_revoked|list|step|take)  store'
)
# What one change costs is building and linking, so: no debug information of ours, and a linker that is fast.
readonly cargo_args=(--config 'profile.dev.package.mcp-auth-sidecar.debug=0')
PATH=$PWD/tests/tools/bin:$PATH
source tests/mutants/texts.sh

main() {
    tests/tools/install.sh cargo_mutants mold
    copy_tree
    rm -rf "$outcomes"
    case "${1:-}" in
        "") all ;;
        text) texts "${@:2}" ;;
        elsewhere) green; rooms "${@:2}" ;;
        [0-9]*/[0-9]*) green; judge "shard-${1%/*}" . 'rules http' "${guards[@]/#/--file=}" --shard "$1" ;;
        --*) green; judge chosen . 'rules http' "${guards[@]/#/--file=}" "$@" ;;
        *) green; judge files . 'rules http' "${@/#/--file=}" ;;
    esac
}

all() {
    local shard failed=0
    green
    for ((shard = 0; shard < SHARDS; shard++)); do
        judge "shard-$shard" . 'rules http' "${guards[@]/#/--file=}" --shard "$shard/$SHARDS" || failed=1
    done
    rooms || failed=1
    texts || failed=1
    return "$failed"
}

# All of them, or those whose file is named.
rooms() {
    local room file what tests failed=0
    for room in "${elsewhere[@]}"; do
        read -r file what tests <<<"$room"
        [[ $# = 0 || " $* " = *" $file "* ]] || continue
        [ -n "$(cargo mutants --dir "$tree" --list --file="$file" --re="$what")" ] \
            || { echo "nothing of $file is called $what"; failed=1; continue; }
        case $tests in
            store*) green --test=store ;;
            drowned*) green --test=drowned patience ;;
        esac
        judge "$(tr / - <<<"${file#src/}")" "$what" "$tests http" --file="$file" --re="$what" || failed=1
    done
    return "$failed"
}

# The changes are made in a copy, whose builds stay warm from one run to the next.
copy_tree() {
    rm -rf "$tree"/{src,tests,.cargo}
    mkdir -p "$tree"
    git ls-files -z --cached --others --exclude-standard \
        | xargs -0 cp --parents --preserve=timestamps --target-directory="$tree"
    # What was built last may have been a change, which is younger than the file that is whole again.
    touch "$tree/src/lib.rs"
}

green() {
    [ $# -gt 0 ] || set -- --lib --test=http
    (cd "$tree" && mold -run cargo test "${cargo_args[@]}" --quiet "$@")
}

# One pass after the other, because most changes are noticed by the cheaper one.
judge() {
    local to tests left="" only=("${@:4}")
    for tests in $3; do
        to=$outcomes/$1/$tests
        pass "$to" "$tests" "${only[@]}" || return 1
        # cargo-mutants lets changes of fields pass by any --re.
        grep -Fxf "${left:-$to/mutants.out/missed.txt}" "$to/mutants.out/missed.txt" \
            | grep -E -- "$2" >"$to/left" || return 0
        left=$to/left
        mapfile -t only < <(only "$left")
    done
    explained "$left"
}

# Nothing but these changes, for cargo-mutants.
only() {
    sed 's/:.*//; s/^/--file=/' "$1" | sort -u
    sed 's/[][().*+?^${}|\\]/\\&/g; s/.*/--re=^&$/' "$1"
}

# 2 and 3 are for what was let pass and for what hung: neither is a failure of this run.
pass() {
    local to=$1 seconds=600 tests=--test=${2%%:*} words="" status=0
    [ "$2" != rules ] || { seconds=120; tests=--lib; }
    [[ $2 != *:* ]] || words=${2#*:}
    shift 2
    mkdir -p "$to"
    mold -run cargo mutants --dir "$tree" --in-place --output "$to" --baseline skip --timeout "$seconds" \
        --colors never "${cargo_args[@]/#/--cargo-arg=}" --cargo-arg="$tests" "$@" -- -- ${words//,/ } || status=$?
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
