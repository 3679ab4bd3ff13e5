#!/usr/bin/env bash
# Starts Sluice with Caddyfile.example and, unless S3=off, an S3-compatible store on 127.0.0.1:7070.
set -euo pipefail
cd "$(dirname "$0")/.."

newer() { [ ! -x bin/sluice ] || [ -n "$(find . -path ./.cache -prune -o -path ./e2e -prune -o \( -name '*.go' -o -name go.mod \) -newer bin/sluice -print -quit)" ]; }
if newer; then
  echo "building bin/sluice …"
  go build -o bin/sluice ./cmd/sluice
  touch bin/sluice
fi

store=
if [ "${S3:-on}" != off ]; then
  gateway=.cache/bin/versitygw
  if [ ! -x "$gateway" ]; then
    echo "building the S3-compatible store …"
    go -C tools/versitygw build -o "$PWD/$gateway" github.com/versity/versitygw/cmd/versitygw
  fi
  mkdir -p data/s3/notes data/meta
  ROOT_ACCESS_KEY_ID=${S3_ACCESS_KEY:-notes-store} ROOT_SECRET_ACCESS_KEY=${S3_SECRET_KEY:-notes-store-secret} \
    "$gateway" --port 127.0.0.1:7070 --quiet posix --sidecar "$PWD/data/meta" "$PWD/data/s3" >data/s3.log 2>&1 &
  store=$!
  trap 'kill $store 2>/dev/null || true' EXIT INT TERM
fi

bin/sluice run --config Caddyfile.example --adapter caddyfile
