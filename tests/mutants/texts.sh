# Takes the guards of the file `texts` out, one at a time: the test that stands with each has to fail. Sourced by mutants.sh.

readonly texts=tests/mutants/texts

# All of them, or those against the threats that are named.
texts() {
    local line threat file old new reason failed=0
    every_threat
    unharmed
    while IFS= read -r line <&3; do
        case $line in
            "" | "#"*) ;;
            T[0-9]*) read -r threat file <<<"$line"; old="" new="" ;;
            -*) old+=${line#-}$'\n' ;;
            +*) new+=${line#+}$'\n' ;;
            *)
                [[ $# = 0 || " $* " = *" $threat "* ]] || continue
                without "${old%$'\n'}" "${new%$'\n'}" || { echo "$threat $file: $reason: ${old%$'\n'}"; failed=1; }
                ;;
        esac
    done 3<"$texts"
    return "$failed"
}

every_threat() {
    local threat
    for threat in $(sed -n 's/^| \(T[0-9]*\) .*/\1/p' docs/threats.md | sort -u); do
        grep -q "^$threat " "$texts" || { echo "no text for $threat in $texts"; return 1; }
    done
}

# The tests of the list, which pass as long as nothing is taken out.
unharmed() {
    local binary names
    for binary in $(named | sed 's/::.*//' | sort -u); do
        mapfile -t names < <(named | sed -n "s/^$binary:://p" | sort -u)
        run "$binary" --exact "${names[@]}" | grep "^test result: ok. ${#names[@]} passed" >/dev/null \
            || { echo "these do not pass, or are not there: $binary ${names[*]}"; return 1; }
    done
}

named() { grep -E '^[a-z_0-9]+:' "$texts" | sed 's/^rules: /rules::/'; }

# Takes the first text out and puts the second in its place. Knows from `texts` the file, and the line with its test.
without() {
    local whole test=${line/#rules: /rules::}
    whole=$(<"$file")
    reason="does not stand there once"
    [[ $whole = *"$1"* && ${whole#*"$1"} != *"$1"* ]] || return 1
    printf '%s\n' "${whole/"$1"/"$2"}" >"$tree/$file"
    reason="does not compile without"
    if run "${test%%::*}" --list >/dev/null; then
        reason="no test notices"
        # It is run in order to fail.
        { run "${test%%::*}" --exact "${test#*::}" || true; } | grep "^test ${test#*::} .*FAILED$" >/dev/null && reason=""
    fi
    cp "$file" "$tree/$file"
    [ -z "$reason" ] && echo "$threat $file: $line"
}

run() {
    local binary="--test=$1"
    [ "$1" != rules ] || binary=--lib
    (cd "$tree" && mold -run timeout 900 cargo test "${cargo_args[@]}" "$binary" -- "${@:2}" 2>&1 </dev/null)
}
