#!/usr/bin/env bash
# Puts together what the image holds: the program, built here, its licence, and the certificates that this machine trusts.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$1

program=$(deploy/image/binary.sh)
rm -rf "$root"
install -D --mode=755 "$program" "$root/mcp-auth-sidecar"
install --mode=644 LICENSE "$root/LICENSE"
install -D --mode=644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
