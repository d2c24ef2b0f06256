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

# What a secret says. A program reads one line of it; of more, or of control characters, each makes something else.
secret() {
  text=$(cat "secrets/$1") && [ -n "$(printf '%s' "$text" | tr -d '[:space:]')" ] ||
    fail "secrets/$1 cannot be read, or has nothing in it: remove it, and run this again."
  lines=$(wc -l < "secrets/$1")
  controls=$(LC_ALL=C tr -cd '\000-\037\177' < "secrets/$1" | wc -c)
  [ "$lines" -le 1 ] && [ "$controls" -eq "$lines" ] && [ "$text" = "${text%%"$line_end"*}" ] ||
    fail "secrets/$1 must be one line without control characters (a line end of Windows has one): write it anew, and run this again."
  printf '%s' "$text"
}
line_end='
'

# Whether a secret is there. What is no file stays: a link or a pipe is the operator's.
is_there() {
  [ ! -d "secrets/$1" ] ||
    fail "secrets/$1 is a directory, as Docker makes one for a secret that was not there: remove it, and run this again."
  if [ ! -e "secrets/$1" ] && [ ! -L "secrets/$1" ]; then return 1; fi
  [ -f "secrets/$1" ] || fail "secrets/$1 is no regular file, and no link to one: remove it, and run this again."
  [ -s "secrets/$1" ] || return 1
  chmod 644 "secrets/$1" || fail "secrets/$1 is another user's: run this as that one."
}

# The password that is there, or a new one.
password() {
  if is_there "$1"; then secret "$1"; else random; fi
}

# The same for a role of the database, which stands in addresses.
role_password() {
  word=$(password "$1") || exit 1
  case "${#word}:$word" in
    35:md5* | *:SCRAM-SHA-256\$*) fail "secrets/$1 looks like a hash, and PostgreSQL would take it for one: $another" ;;
  esac
  ! command -v iconv > /dev/null || printf '%s' "$word" | iconv -f UTF-8 -t UTF-8 > /dev/null 2>&1 ||
    fail "secrets/$1 is no UTF-8: write it anew, and run this again."
  printf '%s' "$word"
}
another='choose another password, or remove the file, and run this again.'

# Percent-encodes a text, byte by byte.
encoded() {
  bytes=$(printf '%s' "$1" | od -An -v -tx1)
  for byte in $bytes; do
    case $byte in
      2[de] | 3[0-9] | 4[1-9a-f] | 5[0-9af] | 6[1-9a-f] | 7[0-9ae]) printf "\\$(printf %o "0x$byte")" ;;
      *) printf '%%%02X' "0x$byte" ;;
    esac
  done
}

# Reads what is percent-encoded. Fails where it is not, or not wholly.
decoded() {
  rest=$1
  case $rest in *[@/?#[:space:]]*) return 1 ;; esac
  while [ "$rest" != "${rest%%"%"*}" ]; do
    printf '%s' "${rest%%"%"*}"
    rest=${rest#*"%"}
    digits=${rest%"${rest#??}"}
    case $digits in
      [2-9A-Fa-f][0-9A-Fa-f]) printf "\\$(printf %o "0x$digits")" ;;
      *) return 1 ;;
    esac
    rest=${rest#??}
  done
  printf '%s' "$rest"
}

# The address that is there, if it fits, or a new one. $1 its file, $2 the role, $3 its password's file, $4 the password, $5 the server
address() {
  if ! is_there "$1"; then
    code=$(encoded "$4")
    [ "$(decoded "$code")" = "$4" ] || fail "there is no address for secrets/$1: od is missing."
    printf '%s' "postgres://$2:$code@$5/licentia"
    return
  fi
  found=$(secret "$1") || exit 1
  printf '%s' "$found"
  rest=${found#*://}
  # Of an older release it may have @ and / in its password.
  login=${rest%@*}
  server=${rest##*@}
  case "${login%%:*}@${server%%[/?]*}" in
    "$2@$5" | "$2@${5%:*}") ;;
    *)
      # From before the roles, or another database.
      echo "NOTE: secrets/$1 was there and names another role or server than docker-compose.yml has: see docs/database.md." >&2
      return
      ;;
  esac
  if is_there "$3"; then
    plain=$(decoded "${login#*:}") && [ "$plain" = "$4" ] ||
      fail "secrets/$1 does not have the password of secrets/$3, percent-encoded. If PostgreSQL has that password, remove secrets/$1, and run this again. If not, see \"Other passwords\" in docs/containers.md."
  else
    fail "secrets/$3 is not there, and secrets/$1 has its password: write that into secrets/$3, and run this again. For another one see \"Other passwords\" in docs/containers.md."
  fi
}

# Writes a secret that is not there yet, wholly or not at all: an empty file would count as none and be mounted all the same.
keep() {
  ! is_there "$1" || return 0
  [ -n "$2" ] || fail "there is nothing to write into secrets/$1."
  rm -f "secrets/.$1" && printf '%s' "$2" > "secrets/.$1" && chmod 644 "secrets/.$1" && mv "secrets/.$1" "secrets/$1" ||
    fail "secrets/$1 cannot be written: is the disk full?"
  made="$made $1"
}

# All of them are read and compared before one is written.
postgres=$(password postgres_password)
owner=$(role_password owner_password)
service=$(role_password service_password)
admin=$(password admin_password)
issuer=$(password issuer_admin_token)
owner_url=$(address owner_database_url licentia_owner owner_password "$owner" postgres:5432)
service_url=$(address database_url licentia_service service_password "$service" postgres:5432)
# For deploy/compose/scale.yml.
pooled_url=$(address pooled_database_url licentia_service service_password "$service" pooler:6432)

# Passwords first: addresses that a run did not come to are made of them by the next one.
made=''
keep postgres_password "$postgres"
keep owner_password "$owner"
keep service_password "$service"
keep admin_password "$admin"
keep issuer_admin_token "$issuer"
keep owner_database_url "$owner_url"
keep database_url "$service_url"
keep pooled_database_url "$pooled_url"

if [ -n "$made" ]; then
  echo "Made in secrets:$made."
else
  echo 'All secrets were there already: nothing was made.'
fi
echo "The administrator is 'admin', with the password in secrets/admin_password."
