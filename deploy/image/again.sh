#!/usr/bin/env bash
# Builds the commit once more, in another folder and under another home of cargo, and compares with the release in target/image.
set -euo pipefail
cd "$(dirname "$0")/../.."
git diff --quiet HEAD || { echo "what is not committed cannot be built again" >&2; exit 1; }
again=$(mktemp -d)
trap 'rm -rf "$again"' EXIT

git clone --quiet . "$again/elsewhere/again"
CARGO_HOME=$again/home "$again/elsewhere/again/deploy/image/build.sh"
diff target/image/SHA256SUMS "$again/elsewhere/again/target/image/SHA256SUMS"
echo "every file came out the same"
