#!/bin/sh
# PgBouncer between the replicas and PostgreSQL: deploy/compose/scale.yml. The password is a secret, so its file is written at the start.
set -eu
umask 077

# A quote in a password is doubled there.
printf '"licentia_service" "%s"\n' "$(sed 's/"/""/g' /run/secrets/service_password)" > /tmp/users.txt
cat > /tmp/pgbouncer.ini <<'INI'
[databases]
licentia = host=postgres port=5432

[pgbouncer]
listen_addr = *
listen_port = 6432
unix_socket_dir =
pool_mode = transaction
# Connections to PostgreSQL, however many replicas there are. Each replica opens ten at most, to here.
default_pool_size = 20
max_client_conn = 500
auth_type = scram-sha-256
auth_file = /tmp/users.txt
INI
exec pgbouncer /tmp/pgbouncer.ini
