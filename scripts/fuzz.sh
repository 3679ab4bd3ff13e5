#!/usr/bin/env bash
# Runs every fuzz target of the root module for the given time (default 30s), two at a time with one worker each.
set -euo pipefail
cd "$(dirname "$0")/.."
export FUZZ_TIME=${1:-30s} GO=${GO:-go}

# one <package> <target> runs a target. It prints its last status line, or its whole log if it fails.
one() {
  local log status=0
  log=$(mktemp)
  "$GO" test "./$1" -run '^$' -fuzz "^$2\$" -fuzztime "$FUZZ_TIME" -fuzzminimizetime 10x -parallel 1 >"$log" 2>&1 </dev/null || status=$?
  # Go may report a failure if the time ends while an input is running. Such a run has no failing input.
  if [ "$status" -ne 0 ] && grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input written' "$log"; then
    status=0
  fi
  echo "$1 $2: $(grep -E '^fuzz: elapsed' "$log" | tail -n 1)"
  [ "$status" -eq 0 ] || cat "$log"
  rm -f "$log"
  return "$status"
}
export -f one

git ls-files '*_test.go' | grep -vE '(^|/)peertest/|^e2e/|^bench/|^tools/' | xargs grep -HoE '^func Fuzz[A-Za-z0-9_]+' |
  sed -E 's|^(.*)/[^/]+:func |\1 |' | sort -u |
  xargs -P 2 -L 1 bash -c 'one "$0" "$1"'
