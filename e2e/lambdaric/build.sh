#!/usr/bin/env bash
# Builds AWS's Lambda runtime client for Node.js from the sources in its package, with the system's libcurl in place of its own.
# Usage: build.sh <folder>; `node <folder>/bin/index.mjs <file>.<function>` then runs a handler.
set -euo pipefail
cd "$(dirname "$0")/node_modules"
out=$1
sources=$(mktemp -d)
trap 'rm -rf "$sources"' EXIT
cp -r aws-lambda-ric/bin aws-lambda-ric/dist "$out"
for archive in aws-lambda-ric/deps/*.tar.gz; do
  tar xzf "$archive" -C "$sources"
done
cpp=$(echo "$sources"/aws-lambda-cpp-*)
version=${cpp##*-}
sed "s/@PROJECT_VERSION@/$version/; s/@PROJECT_VERSION_[A-Z]*@/0/" "$cpp/src/version.cpp.in" >"$cpp/src/version.cpp"
node=$(dirname "$(dirname "$(node -p process.execPath)")")/include/node
g++ -std=c++17 -shared -fPIC -w -DNAPI_CPP_EXCEPTIONS -DNODE_GYP_MODULE_NAME=rapid_client -DBUILDING_NODE_EXTENSION -I"$node" -Inode-addon-api \
  -I"$cpp/include" -I"$(echo "$sources"/curl-*/include)" aws-lambda-ric/src/rapid-client.cc "$cpp"/src/{runtime,logging,version}.cpp \
  -l:libcurl.so.4 -o "$out/dist/rapid-client.node"
