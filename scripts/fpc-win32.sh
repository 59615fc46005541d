#!/usr/bin/env bash
# Inside .cache/trixie: compiles Free Pascal's runtime library for Win32, which Debian does not ship, into /opt/fpc386/rtl, and makes the
# command fpc-win32.
set -eu
source=/usr/share/fpcsrc/3.2.2/rtl
compiler=$(echo /opt/fpc386/usr/lib/*/fpc/3.2.2/ppc386)
out=/opt/fpc386/rtl
mkdir -p $out
flags="-Twin32 -n -O2 -v0e -FE$out -FU$out"
for folder in inc i386 win win32 win/wininc objpas objpas/sysutils objpas/classes charmaps; do flags="$flags -Fi$source/$folder"; done
for folder in inc i386 win win32 objpas; do flags="$flags -Fu$source/$folder"; done
cd $source/win32
"$compiler" $flags -Us -Sg system.pp
"$compiler" $flags buildrtl.pp
printf '#!/bin/sh\nexec %s -Twin32 -n -Fu%s "$@"\n' "$compiler" $out >/usr/local/bin/fpc-win32
chmod +x /usr/local/bin/fpc-win32
