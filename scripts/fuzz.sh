#!/usr/bin/env bash
# Runs each fuzz target of the project for a while: scripts/fuzz.sh 3s
set -eu
cd "$(dirname "$0")/.."
for file in $(grep -lr --include='*_test.go' '^func Fuzz' . | sort); do
  package=./$(dirname "$file")
  for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file"); do
    echo "$package $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$1" -fuzzminimizetime 10x "$package" >/tmp/payrack-fuzz.$$ 2>&1 || { cat /tmp/payrack-fuzz.$$; rm -f /tmp/payrack-fuzz.$$; exit 1; }
  done
done
rm -f /tmp/payrack-fuzz.$$
