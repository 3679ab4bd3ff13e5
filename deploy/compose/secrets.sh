#!/bin/sh
# Creates the missing secrets of compose.yaml in the folder secrets next to this file.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
# The containers run as other users, who read the files that are mounted: those are readable, the folder is not. docker compose itself reads
# the .env files.
chmod 700 secrets
make() {
	mask=022
	case $1 in *.env) mask=077 ;; esac
	[ -e "secrets/$1" ] || { (umask $mask && cat >"secrets/$1.new") && mv "secrets/$1.new" "secrets/$1"; }
}
random() { head -c 32 /dev/urandom | base64 | tr -d '\n'; }
word() { head -c 24 /dev/urandom | base64 | tr -d '+/=\n'; }
printf 'SLUICE_MASTER_KEY=%s\n' "$(random)" | make sluice.env
printf 'AKIA%s' "$(head -c 64 /dev/urandom | base64 | tr -dc 'A-Z2-7' | head -c 16)" | make root_key_id
word | make root_key_secret
word | make postgres_password
word | make redis_password
word | make s3_secret
printf 'ROOT_ACCESS_KEY=notes-store\nROOT_SECRET_KEY=%s\n' "$(cat secrets/s3_secret)" | make store.env
