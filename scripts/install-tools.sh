#!/usr/bin/env bash
# Installs what the tests need, or prints what is missing and how to get it. What is installed already is not installed again.
# Everything except Debian packages goes to .cache/ and node_modules/.
set -euo pipefail
cd "$(dirname "$0")/.."
missing=()

# Debian keeps PostgreSQL's server programs out of PATH.
have() { command -v "$1" >/dev/null 2>&1 || compgen -G "/usr/lib/postgresql/*/bin/$1" >/dev/null; }

# debian <command> <package>... installs the Debian packages if the command is missing.
debian() {
  have "$1" && return
  if have apt-get && { [ "$(id -u)" = 0 ] || { have sudo && sudo -n true 2>/dev/null; }; }; then
    local as=()
    [ "$(id -u)" = 0 ] || as=(sudo -n)
    echo "installing ${*:2} …"
    if [ ! -e .cache/apt-updated ]; then
      "${as[@]}" apt-get update -qq && mkdir -p .cache && touch .cache/apt-updated
    fi
    DEBIAN_FRONTEND=noninteractive "${as[@]}" apt-get install -y -qq --no-install-recommends "${@:2}" >/dev/null || true
  fi
  have "$1" || missing+=("$1: apt-get install ${*:2}")
}

# gotool <name> <package> builds a command that tools/<name>/go.mod pins, if it is missing or older than the pin.
gotool() {
  local bin=.cache/bin/$1
  if [ ! -x "$bin" ] || [ "tools/$1/go.mod" -nt "$bin" ]; then
    echo "building $1 …"
    mkdir -p .cache/bin
    "${GO:-go}" -C "tools/$1" build -o "$PWD/$bin" "$2"
    touch "$bin"
  fi
}

have "${GO:-go}" || { echo "missing go: install Go 1.26 from https://go.dev/dl/" >&2; exit 1; }
debian gcc gcc
debian g++ g++
debian redis-server redis-server
debian initdb postgresql
debian strace strace
debian pgbouncer pgbouncer
debian aws awscli
debian curl curl
debian node nodejs
debian npm npm
debian chromium chromium
debian rclone rclone
debian restic restic
debian s3fs s3fs
debian duplicity duplicity python3-boto3
debian promtool prometheus
debian systemd-analyze systemd
debian xmlsec1 xmlsec1 python3-pysaml2
debian nginx nginx-light

gotool versitygw github.com/versity/versitygw/cmd/versitygw
gotool oauth2-proxy github.com/oauth2-proxy/oauth2-proxy/v7
gotool xcaddy github.com/caddyserver/xcaddy/cmd/xcaddy

# Node packages, as the lock files pin them.
if have npm; then
  while read -r lock; do
    folder=$(dirname "$lock")
    if [ ! -e "$folder/node_modules/.package-lock.json" ] || [ "$lock" -nt "$folder/node_modules/.package-lock.json" ]; then
      echo "npm ci in $folder …"
      (cd "$folder" && npm ci --silent --no-fund --no-audit && touch node_modules/.package-lock.json)
    fi
  done < <(find . -name node_modules -prune -o -path ./.cache -prune -o -name package-lock.json -print)
fi

if [ ${#missing[@]} -gt 0 ]; then
  echo "missing for the tests:" >&2
  printf '  %s\n' "${missing[@]}" >&2
  exit 1
fi
