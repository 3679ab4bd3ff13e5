#!/usr/bin/env bash
# Runs every fuzz target of the root module for the time given (default 30s).
set -euo pipefail
time=${1:-30s}
cd "$(dirname "$0")/.."
git ls-files '*_test.go' | grep -v '/peertest/\|^e2e/\|^bench/\|^tools/' | xargs grep -lE '^func Fuzz' | xargs -n1 dirname | sort -u |
while read -r package; do
  grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$package"/*_test.go | awk '{print $2}' | sort -u |
  while read -r target; do
    echo "== fuzz $package $target $time"
    "${GO:-go}" test "./$package" -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 10x </dev/null |
      grep -vE '^fuzz: elapsed: [0-9]+s, (gathering|execs)' || exit 1
  done
done
