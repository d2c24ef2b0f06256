#!/bin/sh
# The two roles of docs/database.md, neither of them a superuser: licentia_owner owns the tables and changes them (`--migrate`),
# licentia_service reads and writes their rows. PostgreSQL's image runs this once, when it makes the database. It can be run again:
# passwords are then set anew, and tables that are there already get their owner.
set -eu

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname="$POSTGRES_DB" \
  --set=owner_password="$(cat "$OWNER_PASSWORD_FILE")" \
  --set=service_password="$(cat "$SERVICE_PASSWORD_FILE")" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN', name)
  FROM unnest(ARRAY['licentia_owner', 'licentia_service']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE licentia_owner NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'owner_password';
ALTER ROLE licentia_service NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'service_password';

SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO licentia_owner, licentia_service', current_database()) \gexec
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO licentia_owner;
GRANT USAGE ON SCHEMA public TO licentia_service;

-- The list of migrations, in the shape that the program gives it: made here, so that licentia_service gets no right to write it.
CREATE TABLE IF NOT EXISTS migration (id serial PRIMARY KEY, timestamp bigint NOT NULL, name character varying NOT NULL);
SELECT format('ALTER TABLE %s OWNER TO licentia_owner', oid::regclass)
  FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') \gexec
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO licentia_service;
REVOKE INSERT, UPDATE, DELETE ON TABLE migration FROM licentia_service;
ALTER DEFAULT PRIVILEGES FOR ROLE licentia_owner IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO licentia_service;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO licentia_service;
ALTER DEFAULT PRIVILEGES FOR ROLE licentia_owner IN SCHEMA public GRANT SELECT ON SEQUENCES TO licentia_service;
SQL
