#!/usr/bin/env bash
# Installs mingw-w64, which the library for Windows is compiled with, where it may: as root on Debian. Else it exits with 75 and says why.
set -eu
missing=()
for width in i686 x86_64; do command -v $width-w64-mingw32-gcc >/dev/null || missing+=("gcc-mingw-w64-${width/_/-}"); done
[ ${#missing[@]} -eq 0 ] && exit 0
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || { echo "no mingw-w64 here (${missing[*]}), and not root on Debian"; exit 75; }
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || { echo "${missing[*]} cannot be installed"; exit 75; }
