#!/usr/bin/env bash
# Runs the tests of the root module with the race detector. For the packages in scripts/coverage.txt it prints the share of
# statements that their own tests run, and fails when one is below its floor.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
floors=$(grep -v '^#' scripts/coverage.txt)
covered=$(awk '{print "./" $1}' <<<"$floors")
# shellcheck disable=SC2086 # one argument for each package
paths=$($go list $covered)
mapfile -t others < <($go list ./... | grep -vxF "$paths" | sed "s|^$($go list -m)|.|")
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# The race detector watches all code but SQLite and QuickJS, which are C translated to Go, and the arithmetic of RSA and scrypt: it makes
# them ten to twenty times slower, and they share no memory with ours. A package with atomics or generic code must not be among them: the linker
# keeps one copy of the functions that several packages instantiate, and one that is not watched hides what comes before what.
# make lint runs vet, and no test reads the symbols for debuggers that -w leaves out.
race=(-race -vet=off -ldflags=-w)
for package in modernc.org/sqlite/lib modernc.org/libquickjs crypto/internal/fips140/bigmod golang.org/x/crypto/scrypt; do
  race+=("-gcflags=$package=-race=false")
done
status=0
# shellcheck disable=SC2086
LOG=$log scripts/gotest.sh . "${race[@]}" -cover -timeout 30m $covered || status=1
scripts/gotest.sh . "${race[@]}" -timeout 30m "${others[@]}" || status=1

echo "== statement coverage"
while read -r package floor; do
  share=$(awk -v p="/$package" '$1 == "ok" && substr($2, length($2) - length(p) + 1) == p' "$log" | grep -oE 'coverage: [0-9.]+' | cut -d ' ' -f 2)
  if [ -z "$share" ]; then
    echo "$package: not measured"
    status=1
  elif awk -v share="$share" -v floor="$floor" 'BEGIN { exit !(share < floor) }'; then
    echo "$package: $share %, below its floor of $floor %: test what is new"
    status=1
  else
    echo "$package: $share % (floor $floor %)"
  fi
done <<<"$floors"
exit "$status"
