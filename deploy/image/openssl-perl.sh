#!/usr/bin/env bash
# perl for openssl-src: OpenSSL would write the folder that it is built in into the library, as the home of its engines.
set -euo pipefail
perl "$@"
[ "$1" != ./Configure ] || sed -i 's,^\(ENGINESDIR\|MODULESDIR\)=.*,\1=/nowhere,' Makefile
