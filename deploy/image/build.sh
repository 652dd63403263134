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
    deploy/image/parts.sh "$(uname -m)-unknown-linux-gnu" >"$out/$name.cdx.json"
    (cd "$out" && sha256sum "$name" "$name.tar" "$name.cdx.json" | tee SHA256SUMS)
}

# HEALTHCHECK is known to Docker's format alone.
image() {
    local id
    id=$(buildah build --quiet --format docker --file deploy/image/Dockerfile --timestamp "$SOURCE_DATE_EPOCH" \
        --build-arg FROM=given --build-arg VERSION="$version" --build-arg REVISION="$revision" .)
    archive "$id"
    buildah rmi "$id" >/dev/null
    buildah pull --quiet "docker-archive:$out/$name.tar" >/dev/null
}

# Without the names of the container and the host that buildah made it in: nothing reads them, and no two builds share them.
archive() {
    local parts config
    parts=$(mktemp -d)
    buildah push --quiet "$1" "docker-archive:$parts/archive"
    tar --extract --file "$parts/archive" --directory "$parts"
    jq --compact-output 'del(.container, .container_config, .config.Hostname)' \
        "$parts/$(jq --raw-output '.[0].Config' "$parts/manifest.json")" >"$parts/config"
    config=$(sha256sum "$parts/config" | cut -d ' ' -f 1).json
    mv "$parts/config" "$parts/$config"
    jq --compact-output '[{Config: $config, RepoTags: [$tag], Layers: .[0].Layers}]' \
        --arg config "$config" --arg tag "mcp-auth-sidecar:$version" "$parts/manifest.json" >"$parts/manifest"
    mv "$parts/manifest" "$parts/manifest.json"
    tar --create --file "$out/$name.tar" --directory "$parts" --mtime "@$SOURCE_DATE_EPOCH" --mode 644 \
        --owner 0 --group 0 --numeric-owner \
        manifest.json "$config" "$(jq --raw-output '.[0].Layers[0]' "$parts/manifest.json")"
    rm -rf "$parts"
}

main
