#!/usr/bin/env bash
# Runs the measurements of docs/benchmarks.md, each next to its baseline. Run nothing else on the machine meanwhile.
# scale has the parts scale-processes, scale-pools and scale-users. scale-fill makes the users of scale-users in SLUICE_SCALE_DIR beforehand,
# which takes 15 minutes of a core and 28 GB for 10,000,000; SLUICE_SCALE_USERS, _POOLS and _ROUNDS change their numbers.
# Usage: scripts/bench.sh [part...]; parts: decisions tokens signatures engine wire users logins functions store postgres redis gate process dev directory scale exists reload.
set -euo pipefail
cd "$(dirname "$0")/.."
parts=${*:-decisions tokens signatures engine wire users logins functions store postgres redis gate process dev directory scale exists reload}
go=${GO:-go}

bench() { # package, pattern, further arguments
  local package=$1 pattern=$2
  shift 2
  echo "## $package"
  $go test "$package" -run '^$' -bench "$pattern" -benchmem "$@"
}

scale() { # what of many processes, pools or users
  local sizes=${SLUICE_SCALE_USERS:-1000000,3000000,10000000} keep=()
  [ -z "${SLUICE_SCALE_DIR:-}" ] || keep=(-dir "$SLUICE_SCALE_DIR")
  $go build -o bin/sluice ./cmd/sluice
  case $1 in
    processes) $go -C bench run ./process -sluice ../bin/sluice -processes -rounds "${SLUICE_SCALE_ROUNDS:-9}" ;;
    pools) $go -C bench run ./process -sluice ../bin/sluice -pools "${SLUICE_SCALE_POOLS:-1000}" -rounds "${SLUICE_SCALE_ROUNDS:-9}" ;;
    fill) $go -C bench run ./process -sluice ../bin/sluice -postgres-users "$sizes" -dir "${SLUICE_SCALE_DIR:?names the directory to fill}" -fill ;;
    users) $go -C bench run ./process -sluice ../bin/sluice -postgres-users "$sizes" "${keep[@]}" -rounds "${SLUICE_SCALE_ROUNDS:-9}" ;;
  esac
}

for part in $parts; do
  case $part in
    decisions)
      bench ./authz/policy .
      echo "## with cedar-go, casbin and OPA"
      $go -C bench test ./policy -run '^$' -bench . -benchmem
      echo "## 1,000,000 random policies and requests, index and naive evaluator"
      SLUICE_POLICY_PAIRS=1000000 $go test ./authz/policy -run Random -count=1 -timeout 60m
      ;;
    tokens) bench ./authz/token . ; bench ./authz/revoke . ;;
    signatures) bench ./credentials/sigv4 . ; bench ./credentials/session . ;;
    engine) bench ./authz . ; bench ./caddymodule Handler ;;
    wire) bench ./server/awsjson . ; bench ./api/... . ; bench ./server/cognitoidentity . ;;
    users) bench ./userpool/... . ;;
    logins) bench ./authz/login . -short ; bench ./authz/assertion . ;;
    functions) bench ./trigger/javascript . ;;
    store) bench ./store/sqlite . ;;
    postgres) bench ./userpool/signin SRPSignInOnPostgreSQL -benchtime 4096x ;;
    redis) bench ./store/redis . ;;
    gate)
      $go build -o bin/sluice ./cmd/sluice
      $go -C bench run ./gate -sluice ../bin/sluice
      ;;
    process)
      $go build -o bin/sluice ./cmd/sluice
      $go -C bench run ./process -sluice ../bin/sluice
      ;;
    dev)
      $go build -o bin/sluice ./cmd/sluice
      $go -C bench run ./process -sluice ../bin/sluice -dev -rounds 21
      ;;
    directory)
      $go build -o bin/sluice ./cmd/sluice
      $go -C bench run ./process -sluice ../bin/sluice -users 1000000
      ;;
    exists) bench ./userpool/signin 'WhoExistsOnPostgreSQL' -benchtime 64x ;;
    scale-processes | scale-pools | scale-fill | scale-users) scale "${part#scale-}" ;;
    scale) for one in processes pools users; do scale "$one"; done ;;
    reload)
      $go build -o bin/sluice ./cmd/sluice
      $go -C bench run ./reload -sluice ../bin/sluice
      ;;
    *) echo "no such part: $part" >&2; exit 2 ;;
  esac
done
