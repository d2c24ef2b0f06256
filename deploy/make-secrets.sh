#!/bin/sh
# Makes the secrets of docker-compose.yml in ./secrets, each once: what is there stays. The directory is its owner's
# alone; the files can be read by the containers' users.
set -eu
cd "$(dirname "$0")/.."
mkdir -p secrets
chmod 700 secrets

random() { od -An -tx1 -N24 /dev/urandom | tr -d ' \n'; }
keep() { [ -s "secrets/$1" ] || printf '%s' "$2" > "secrets/$1"; chmod 644 "secrets/$1"; }

keep postgres_password "$(random)"
keep database_url "postgres://licentia:$(cat secrets/postgres_password)@postgres:5432/licentia"
keep admin_password "$(random)"
echo "The administrator is 'admin'; his password is in secrets/admin_password."
