#!/usr/bin/env bash
# Runs the tests that are shortened unless SLUICE_LONG is set: random and measuring ones. The race detector is off: the short
# runs of make unit have it.
set -euo pipefail
cd "$(dirname "$0")/.."
export SLUICE_LONG=1
mapfile -t packages < <(git grep -l 'SLUICE_LONG' -- '*_test.go' | xargs -n 1 dirname | sort -u | sed 's|^|./|')
scripts/gotest.sh . -timeout 30m "${packages[@]}"
