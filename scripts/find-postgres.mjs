// Where the programs of PostgreSQL's server are on this machine, for tests that run one of their own.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const DEBIAN = '/usr/lib/postgresql';

/**
 * A directory with `postgres` and `initdb`: TEST_POSTGRES_BIN, else the newest of Debian's, else what pg_config says.
 * @returns undefined when there is none, or no /proc to see the server's processes in
 */
export function findPostgres(environment = process.env) {
  if (!existsSync('/proc/self/stat')) return undefined;
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const asked = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' }).stdout?.trim();
  const candidates = environment.TEST_POSTGRES_BIN
    ? [environment.TEST_POSTGRES_BIN]
    : [...versions.map((version) => join(DEBIAN, version, 'bin')), asked];
  return candidates.find(
    (directory) =>
      directory && ['postgres', 'initdb'].every((program) => existsSync(join(directory, program))),
  );
}
