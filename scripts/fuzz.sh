#!/usr/bin/env bash
# Runs each fuzz target of the project for a while: scripts/fuzz.sh 3s
set -eu
cd "$(dirname "$0")/.."
room=$(mktemp -d)
log=$room/log
found=$(go env GOCACHE)/fuzz
trap 'rm -rf "$room"' EXIT

# A target fails by an input, which the toolchain writes down and names. Without one, "context deadline exceeded" is the end of the time
# met in the middle of an exchange with a worker: nothing was found, and the target is run again.
fuzz() {
  for _ in 1 2 3; do
    (cd "$1" && "$room/test" -test.run '^$' -test.fuzz "^$2\$" -test.fuzztime "$3" -test.fuzzminimizetime 10x \
      -test.fuzzcachedir "$found/$1" >"$log" 2>&1) && return 0
    grep -q 'context deadline exceeded' "$log" || return 1
    ! grep -q -e 'Failing input' -e 'panic' "$log" || return 1
  done
  return 1
}

for package in $(grep -lr --include='*_test.go' '^func Fuzz' . | xargs -n 1 dirname | sort -u); do
  go test -c -fuzz . -o "$room/test" "$package"
  for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$package"/*_test.go); do
    fuzz "$package" "$target" "$1" || { echo "$package $target"; cat "$log"; exit 1; }
    echo "$package $target $(grep -o 'execs: [0-9]*' "$log" | tail -1)"
  done
done
