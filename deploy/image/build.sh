#!/usr/bin/env bash
# Builds the image with buildah, and lays into target/image what a release consists of: the program, the image as an archive, the
# list of what is in it, and their hashes. The same commit gives the same bytes.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=target/image
version=$(sed -n '0,/^version = "\(.*\)"/s//\1/p' Cargo.toml)
revision=$(git rev-parse HEAD)
git diff --quiet HEAD || revision+=-changed
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
name=mcp-auth-sidecar-$version-linux-$(dpkg --print-architecture)

main() {
    deploy/image/root.sh "$out/root"
    cp "$out/root/mcp-auth-sidecar" "$out/$name"
    image
    parts_list
    (cd "$out" && sha256sum "$name" "$name.tar" "$name.cdx.json" | tee SHA256SUMS)
}

# HEALTHCHECK is known to Docker's format alone.
image() {
    buildah build --quiet --format docker --file deploy/image/Dockerfile --timestamp "$SOURCE_DATE_EPOCH" \
        --build-arg FROM=given --build-arg VERSION="$version" --build-arg REVISION="$revision" \
        --tag "mcp-auth-sidecar:$version" . >"$out/id"
    rm -f "$out/$name.tar"
    buildah push --quiet "$(cat "$out/id")" "docker-archive:$out/$name.tar:mcp-auth-sidecar:$version"
}

parts_list() {
    cargo cyclonedx --quiet --format json --spec-version 1.5 --describe binaries --target "$(uname -m)-unknown-linux-gnu"
    mv mcp-auth-sidecar_bin.cdx.json "$out/$name.cdx.json"
}

main
