#!/usr/bin/env bash
# Says when generated code does not fit its sources.
set -eu
cd "$(dirname "$0")/.."
if ! go tool -modfile=tools/go.mod buf --version >/dev/null 2>&1; then
  echo "buf cannot be built here"
  exit 75
fi
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r go.mod go.sum internal tools "$copy"
(cd "$copy/internal/rpc" && go tool -modfile=../../tools/go.mod buf lint && go tool -modfile=../../tools/go.mod buf generate)
diff -r internal/rpc "$copy/internal/rpc" || { echo "internal/rpc is stale: make generate"; exit 1; }
