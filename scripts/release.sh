#!/usr/bin/env bash
# Builds a release: scripts/release.sh VERSION [FOLDER]. For each system it makes an archive with the static binary, the documentation, the
# example, the manual pages and the completions, and beside them a list of the modules that the binary is made of (SBOM) and a file with checksums. The same source
# and the same Go make the same bytes. RELEASE_TARGETS="linux/amd64 …" builds fewer.
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:?write: scripts/release.sh VERSION [FOLDER], for example v1.2.3}
[[ $version =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || { echo "$version is not a version such as v1.2.3 or v1.2.3-rc.1" >&2; exit 1; }
out=${2:-dist}
go=${GO:-go}
targets=${RELEASE_TARGETS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64}
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The date of the commit: archives have no other.
stamp=$(git log -1 --format=%ct 2>/dev/null || echo 0)

# build <system> <processor> <file>
build() {
  CGO_ENABLED=0 GOOS=$1 GOARCH=$2 "$go" build -trimpath -buildvcs=false \
    -ldflags "-s -w -buildid= -X github.com/caddyserver/caddy/v2.CustomVersion=$version" -o "$3" ./cmd/sluice
}

# Manual pages and completions are the same everywhere; this machine's binary prints them.
build "$("$go" env GOHOSTOS)" "$("$go" env GOHOSTARCH)" "$work/sluice"
mkdir -p "$work/common/man" "$work/common/completions"
SOURCE_DATE_EPOCH=$stamp "$work/sluice" manpage --directory "$work/common/man"
sed -i 's/^\.TH "Caddy"/.TH "Sluice"/' "$work"/common/man/*
for shell in bash zsh fish powershell; do
  "$work/sluice" completion "$shell" >"$work/common/completions/sluice.$shell"
done
# With what README.md and Caddyfile.example name.
cp -r LICENSE README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md Caddyfile.example docs examples "$work/common/"
mkdir -p "$work/common/deploy"
cp -r deploy/systemd deploy/prometheus deploy/grafana deploy/kubernetes "$work/common/deploy/"

for target in $targets; do
  system=${target%/*} processor=${target#*/}
  name=sluice_${version}_${system}_${processor}
  echo "building $name …"
  program=sluice
  [ "$system" = windows ] && program=sluice.exe
  mkdir "$work/$name"
  cp -r "$work/common/." "$work/$name/"
  build "$system" "$processor" "$work/$name/$program"
  # The modules with their checksums, from the binary itself.
  "$go" version -m "$work/$name/$program" | sed "s|^$work/$name/||" >"$out/$name.modules.txt"
  "$go" -C tools/sbom run . "$work/$name/$program" "$version" >"$out/$name.cdx.json"
  find "$work/$name" -exec touch -h -d "@$stamp" {} +
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$stamp" -C "$work" -cf - "$name" | gzip -n >"$out/$name.tar.gz"
  rm -r "${work:?}/$name"
done
# Only what this script makes: the file itself may be there from an earlier run, of fewer targets.
(cd "$out" && sha256sum sluice_"${version}"_*.tar.gz sluice_"${version}"_*.modules.txt sluice_"${version}"_*.cdx.json >"sluice_${version}_checksums.txt")
echo "made $out: $(find "$out" -name "sluice_${version}_*.tar.gz" | wc -l) archives"
