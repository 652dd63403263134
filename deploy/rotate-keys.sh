#!/bin/sh
# Does whatever is due for the key rings, once; safe to run as often as one likes, and twice at the same time.
#
#   MCP_AUTH_KEYS_DIR=/etc/mcp-auth/keys deploy/rotate-keys.sh [--access-days N --session-days N --registration-days N]
#
# It wants the server's own lifetimes (MCP_AUTH_ACCESS_TOKEN_SECS, MCP_AUTH_CODE_SECS, MCP_AUTH_REFRESH_TOKEN_SECS) where
# they are set, or it would retire a key that living tokens need. Servers read the directory again by themselves; replicas
# must see the same directory within 15 minutes. No key is printed or passed as an argument.
set -eu
: "${MCP_AUTH_KEYS_DIR:?names the directory of the key rings}"
umask 077
exec "${SIDECAR:-mcp-auth-sidecar}" keys tick "$@"
