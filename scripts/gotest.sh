#!/usr/bin/env bash
# Runs go test in a module: scripts/gotest.sh <module> <arguments of go test>. With CI=true a skipped test is a failure,
# because scripts/install-tools.sh can install what it needs, except those that scripts/may-skip.txt lists. If LOG is set, the whole output is written to that file.
set -uo pipefail
allowed=$(sed -n 's/^\(Test[A-Za-z0-9]*\): .*/\1/p' "$(dirname "$0")/may-skip.txt" | paste -sd '|')
module=$1
shift
log=${LOG:-$(mktemp)}
[ -n "${LOG:-}" ] || trap 'rm -f "$log"' EXIT
echo "== go test in $module: $*"
(cd "$module" && "${GO:-go}" test -v "$@" 2>&1) | tee "$log" |
  grep -Ev '^(=== |\s*--- PASS|PASS$|coverage: |\s+[a-zA-Z0-9_/.-]+\.go:[0-9]+: (measured|note):)|\[no test files\]'
status=${PIPESTATUS[0]}
if [ "$status" -ne 0 ]; then
  echo "-- failed:"
  grep -E '^\s*--- FAIL|^FAIL|^panic:|DATA RACE' "$log" | head -40
fi
skipped=$(grep -E '^\s*--- SKIP' "$log" | grep -vE -- "--- SKIP: ($allowed) ")
if [ "${CI:-}" = true ] && [ -n "$skipped" ]; then
  echo "-- skipped tests fail in CI:"
  echo "$skipped"
  status=1
fi
exit "$status"
