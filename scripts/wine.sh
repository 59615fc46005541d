#!/usr/bin/env bash
# A Debian 13 with Wine 10 and Free Pascal in .cache/trixie, for tests of Windows programs: the machine's own packages stay as they are.
#   wine.sh prepare          makes it if there is none, as root on Debian; else exits with 75 and says why (70 s, 2.7 GB)
#   wine.sh run PROGRAM ...  runs a Windows program that lies in this project's folder
#   wine.sh enter COMMAND .. runs a Linux command inside, in the present folder
# Whatever is mounted is mounted for that one process only, and is gone with it.
set -eu
tree=$(cd "$(dirname "$0")/.." && pwd)
cache=$tree/.cache
root=$cache/trixie

inside() {
  mkdir -p "$root$tree" "$root/dev/shm"
  exec unshare --mount --propagation private bash -c '
    mount --bind /proc "$0/proc" && mount --bind /dev/shm "$0/dev/shm" && mount --bind "$1" "$0$1" || exit 75
    root=$0 folder=$PWD; shift
    exec chroot "$root" sh -c "cd \"\$0\" && exec \"\$@\"" "$folder" "$@"' "$root" "$tree" "$@"
}

prepare() {
  [ ! -e "$root/.ready" ] || return 0
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || { echo "no Wine 10 here, and not root on Debian"; exit 75; }
  export DEBIAN_FRONTEND=noninteractive
  command -v debootstrap >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends debootstrap >/dev/null; } || { echo "debootstrap cannot be installed"; exit 75; }
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | sort -u | head -1)
  mkdir -p "$cache"
  rm -rf --one-file-system "$root"
  debootstrap --variant=minbase trixie "$root" "$mirror" >"$cache/debootstrap.log" 2>&1 || { tail -3 "$cache/debootstrap.log"; echo "Debian 13 cannot be installed from this machine's mirror"; exit 75; }
  cp /etc/resolv.conf "$root/etc/"
  "$0" enter sh -ec '
    dpkg --add-architecture i386
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends wine wine64 wine32:i386 fp-compiler fp-units-rtl fp-units-win-rtl fpc-source
    cd /opt && apt-get download -qq fp-compiler-3.2.2:i386 && dpkg -x fp-compiler-3.2.2_*_i386.deb fpc386' >"$cache/wine-install.log" 2>&1 \
    || { tail -3 "$cache/wine-install.log"; echo "Wine cannot be installed from this machine's mirror"; exit 75; }
  "$0" enter bash "$tree/scripts/fpc-win32.sh" >"$cache/fpc-win32.log" 2>&1 || { tail -3 "$cache/fpc-win32.log"; echo "Free Pascal's library for Win32 cannot be compiled"; exit 1; }
  "$0" enter sh -c 'rm -rf /var/cache/apt/archives/*.deb'
  touch "$root/.ready"
}

case ${1:-} in
prepare) prepare ;;
enter) shift; inside "$@" ;;
run)
  shift
  [ -e "$root/.ready" ] || { echo "scripts/wine.sh prepare comes first"; exit 75; }
  [ -e "$root/etc/hosts" ] || echo "127.0.0.1 localhost" >"$root/etc/hosts" # Windows knows that name without asking
  mkdir -p "$cache/wine/prefix" "$cache/wine/home" "$cache/wine/run"
  export WINEPREFIX=$cache/wine/prefix HOME=$cache/wine/home XDG_RUNTIME_DIR=$cache/wine/run WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml="
  [ -z "${GOTMPDIR:-}" ] || export GOTMPDIR="Z:${GOTMPDIR//\//\\}" # a path without a drive is not absolute to a Windows program
  # What Wine starts once for all its programs would hold the first one's output open: it is started by a program of its own.
  inside sh -c 'wineserver -k0 2>/dev/null || wine cmd /c exit </dev/null >/dev/null 2>&1; exec wine "$@"' sh "$@"
  ;;
*) sed -n '2,7s/^# //p' "$0"; exit 2 ;;
esac
