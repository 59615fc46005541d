#!/usr/bin/env bash
# Installs the languages that make test-callers needs, where it may: as root on Debian. Elsewhere the tests say what they leave out.
set -eu
want=()
command -v fpc >/dev/null || want+=(fp-compiler fp-units-rtl fp-units-fcl)
command -v mcs >/dev/null && command -v mono >/dev/null || want+=(mono-mcs mono-runtime libmono-system4.0-cil libmono-system-core4.0-cil)
command -v python3 >/dev/null && python3 -c "import ctypes" 2>/dev/null || want+=(python3)
command -v node >/dev/null || want+=(nodejs)
command -v npm >/dev/null || want+=(npm)
command -v g++ >/dev/null || want+=(g++)
[ ${#want[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing ${want[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "${want[@]}" >/dev/null || echo "could not install ${want[*]}: tests that need it will say so"
else
  echo "not installed, and not root on Debian: ${want[*]}; tests that need it will say so"
fi
