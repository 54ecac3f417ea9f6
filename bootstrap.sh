#!/bin/sh
# Installs what is missing (Debian and its kin; packages.txt is the list) and builds in this folder. May be run again at any time.
#     ./bootstrap.sh [--no-build] [option of configure...]
set -eu
cd "$(dirname "$0")"

build=yes
[ "${1:-}" != --no-build ] || { build=no; shift; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

if command -v apt-get > /dev/null; then
    missing=$(while read -r package; do
        dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'ok installed' || echo "$package"
    done < packages.txt)
    if [ -n "$missing" ]; then
        as_root apt-get update -q
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
    fi
else
    echo "bootstrap.sh: no apt-get here; what Debian calls these packages must be there already:" $(cat packages.txt) >&2
fi

[ $build = yes ] || exit 0
[ -x configure ] && [ -z "$(find configure.ac m4/est_with.m4 Makefile.am */Makefile.inc */*/Makefile.inc -newer configure)" ] ||
    autoreconf --install
[ -f Makefile ] && [ $# -eq 0 ] || ./configure --disable-shared "$@"
make -j "$(nproc 2> /dev/null || echo 2)"
