#!/bin/sh
# Makes the secrets of docker-compose.yml in ./secrets, each once: what is there stays. The directory is its owner's
# alone; the files can be read by the containers' users.
set -eu
# CDPATH of an operator's shell would lead elsewhere.
CDPATH='' cd "$(dirname "$0")/.."

fail() {
  echo "$0: $1" >&2
  exit 1
}

mkdir -p secrets || fail 'secrets cannot be made: run it as the owner of this directory.'
chmod 700 secrets

# Two runs at once would make passwords that no address has.
if ! mkdir secrets/.lock 2> /dev/null; then
  [ ! -d secrets/.lock ] || fail 'another run is under way. If there is none, remove the directory secrets/.lock, and run this again.'
  fail 'secrets cannot be written: is the disk full, or the directory read-only?'
fi
trap 'rmdir secrets/.lock' EXIT
trap 'exit 1' HUP INT TERM

# 24 random bytes in hex. A pipe would hide that one of its commands failed.
random() {
  bytes=$(od -An -tx1 -N24 /dev/urandom) || fail 'there are no random bytes: od or /dev/urandom is missing.'
  hex=$(printf '%s' "$bytes" | tr -cd '0-9a-f')
  [ "${#hex}" -eq 48 ] || fail "there are too few random bytes: ${#hex} digits of 48."
  printf '%s' "$hex"
}

# What a secret says.
secret() {
  text=$(cat "secrets/$1") && [ -n "$(printf '%s' "$text" | tr -d '[:space:]')" ] ||
    fail "secrets/$1 cannot be read, or has nothing in it: remove it, and run this again."
  printf '%s' "$text"
}

# Writes a secret that is not there yet, wholly or not at all: an empty file would count as none and be mounted all the same.
keep() {
  [ ! -d "secrets/$1" ] ||
    fail "secrets/$1 is a directory, as Docker makes one for a secret that was not there: remove it, and run this again."
  if [ ! -s "secrets/$1" ]; then
    [ -n "$2" ] || fail "there is nothing to write into secrets/$1."
    printf '%s' "$2" > "secrets/.$1" && mv "secrets/.$1" "secrets/$1" || fail "secrets/$1 cannot be written: is the disk full?"
    made="$made $1"
  fi
  chmod 644 "secrets/$1" || fail "secrets/$1 is another user's: run this as that one."
  secret "$1" > /dev/null
}

made=''
for secret in postgres_password owner_password service_password admin_password issuer_admin_token; do
  value=$([ -s "secrets/$secret" ] || random)
  keep "$secret" "$value"
done
owner=$(secret owner_password)
service=$(secret service_password)
keep owner_database_url "postgres://licentia_owner:$owner@postgres:5432/licentia"
keep database_url "postgres://licentia_service:$service@postgres:5432/licentia"
# For deploy/compose/scale.yml.
keep pooled_database_url "postgres://licentia_service:$service@pooler:6432/licentia"

# From before the roles, or another database.
case $(secret database_url) in
  *"$service"*) ;;
  *) echo 'NOTE: secrets/database_url was there and names another role than deploy/postgres/roles.sh makes: see docs/database.md.' >&2 ;;
esac

if [ -n "$made" ]; then
  echo "Made in secrets:$made."
else
  echo 'All secrets were there already: nothing was made.'
fi
echo "The administrator is 'admin'; his password is in secrets/admin_password."
