#!/usr/bin/env bash
# Builds the static program for this machine, the same bytes in every folder and under every home, and prints where it lies.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=$(uname -m)-unknown-linux-gnu

remap="--remap-path-prefix=$PWD=/src --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
export RUSTFLAGS="-C target-feature=+crt-static $remap"
export OPENSSL_SRC_PERL=$PWD/deploy/image/openssl-perl.sh
# OpenSSL tells when it was built.
export SOURCE_DATE_EPOCH=0
cargo build --release --locked --bin mcp-auth-sidecar --target "$target" >&2
echo "$PWD/target/$target/release/mcp-auth-sidecar"
