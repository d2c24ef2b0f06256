// Where PgBouncer is on this machine.
import { spawnSync } from 'node:child_process';

/** The program: PGBOUNCER, else the PATH's or Debian's. @returns undefined when it is nowhere */
export function findPgBouncer(environment = process.env) {
  const candidates = environment.PGBOUNCER ? [environment.PGBOUNCER] : ['pgbouncer', '/usr/sbin/pgbouncer'];
  return candidates.find((program) => spawnSync(program, ['--version']).status === 0);
}
