#!/usr/bin/env bash
# Installs what the tests need besides Go, gcc and make, where it may: as root on Debian. Elsewhere the tests say what they leave out.
set -eu
want=()
command -v python3 >/dev/null && python3 -c "import ctypes" 2>/dev/null || want+=(python3)
command -v unshare >/dev/null || want+=(util-linux)
command -v gcc >/dev/null || want+=(gcc libc6-dev)
command -v nm >/dev/null || want+=(binutils)
[ ${#want[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing ${want[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "${want[@]}" >/dev/null || echo "could not install ${want[*]}: tests that need it will say so"
else
  echo "not installed, and not root on Debian: ${want[*]}; tests that need it will say so"
fi
