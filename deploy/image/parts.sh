#!/usr/bin/env bash
# Prints what is built into the program for this target, as CycloneDX: with what cargo only builds with, since OpenSSL is among that.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=$1

built() {
    cargo tree --locked --edges normal,build --target "$target" --prefix none | awk '{ print $1, substr($2, 2) }' | sort -u
}

checksums() {
    awk -F '"' '/^name/ { name = $2 } /^version/ { version = $2 } /^checksum/ { print name, version, $2 }' Cargo.lock
}

cargo metadata --locked --format-version 1 --filter-platform "$target" | jq --rawfile built <(built) --rawfile sums <(checksums) '
    def lines: split("\n") | map(select(. != ""));
    def id: "\(.name) \(.version)";
    def part($type): {
        type: $type, "bom-ref": id, name, version, description,
        licenses: [{expression: .license | gsub(" */ *"; " OR ")}], purl: @uri "pkg:cargo/\(.name)@\(.version)"
    };
    ($built | lines) as $built
    | ($sums | lines | map(split(" ") | {key: "\(.[0]) \(.[1])", value: .[2]}) | from_entries) as $sums
    | (.packages | map(select(id | IN($built[]))) | sort_by(id)) as $packages
    | {
        bomFormat: "CycloneDX", specVersion: "1.5", version: 1,
        metadata: {
            timestamp: (env.SOURCE_DATE_EPOCH | tonumber | todate),
            component: ($packages[] | select(.source == null) | part("application"))
        },
        components: [
            $packages[] | select(.source != null)
            | part("library") + {hashes: [{alg: "SHA-256", content: $sums[id]}]}
        ]
    }'
