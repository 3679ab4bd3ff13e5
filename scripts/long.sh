#!/usr/bin/env bash
# Runs the tests that are shortened unless SLUICE_LONG is set: random and measuring ones. The race detector is off: the short
# runs of make unit have it. Of e2e only the tests of the files that read the variable run, because make e2e ran the others.
set -euo pipefail
cd "$(dirname "$0")/.."
export SLUICE_LONG=1
mapfile -t files < <(git grep -l 'os.Getenv("SLUICE_LONG")' -- '*_test.go')
packages=() tests=()
for file in "${files[@]}"; do
  case $file in
  e2e/*) mapfile -t -O "${#tests[@]}" tests < <(sed -nE 's/^func (Test[A-Za-z0-9_]+)\(.*/\1/p' "$file") ;;
  *) packages+=("./$(dirname "$file")") ;;
  esac
done
scripts/gotest.sh . -timeout 30m "${packages[@]}"
scripts/gotest.sh e2e -count=1 -timeout 30m -run "^($(IFS='|'; echo "${tests[*]}"))\$" .
