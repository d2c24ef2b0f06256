/**
 * A directory with `postgres` and `initdb`: TEST_POSTGRES_BIN, else the newest of Debian's, else what pg_config says.
 * @returns undefined when there is none, or no /proc to see the server's processes in
 */
export function findPostgres(environment?: NodeJS.ProcessEnv): string | undefined;
