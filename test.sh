#!/bin/sh
# Installs what is missing, builds in this folder and runs the tests. The last line counts them.
set -eu
cd "$(dirname "$0")"
./bootstrap.sh
make --no-print-directory check
