// Starts PgBouncer in front of a PostgreSQL server, for whoever wants to try something through it.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** PgBouncer refuses to run as root; nobody has nothing that it could harm. */
const UNPRIVILEGED = 'nobody';
const MAX_START_MS = 10_000;
/** Far fewer than clients have connections, so that each transaction gets any that is free. */
const SERVER_CONNECTIONS = 5;

/**
 * PgBouncer with `pool_mode = transaction`, in front of the server of `serverUrl`, on a port of its own. Any role of the server may
 * come in with its password, as PgBouncer asks the server for it; the role of `serverUrl` gets one where it has none.
 * @returns `url` of the same database through it; `statistics()`, what went through; `stop()`
 */
export async function startPgBouncer(program, serverUrl) {
  const server = new URL(serverUrl);
  const user = decodeURIComponent(server.username) || userInfo().username;
  const password = decodeURIComponent(server.password) || 'through-the-pooler';
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'licentia-pgbouncer-'));
  const [config, users] = [join(directory, 'pgbouncer.ini'), join(directory, 'users.txt')];
  const isRoot = process.getuid?.() === 0;
  const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
  writeFileSync(users, `${quoted(user)} ${quoted(password)}\n`, { mode: 0o600 });
  writeFileSync(
    config,
    [
      '[databases]',
      `* = host=${server.hostname} port=${server.port || 5432} auth_user=${user}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'pool_mode = transaction',
      `default_pool_size = ${SERVER_CONNECTIONS}`,
      'max_client_conn = 500',
      'auth_type = scram-sha-256',
      `auth_file = ${users}`,
      'auth_query = SELECT rolname, rolpassword FROM pg_authid WHERE rolname = $1',
      `admin_users = ${user}`,
      ...(isRoot ? [`user = ${UNPRIVILEGED}`] : []),
      '',
    ].join('\n'),
    { mode: 0o600 },
  );
  if (isRoot) {
    const id = (option) => Number(execFileSync('id', [option, UNPRIVILEGED], { encoding: 'utf8' }));
    for (const path of [directory, config, users]) chownSync(path, id('-u'), id('-g'));
  }
  chmodSync(directory, 0o700);

  const child = spawn(program, ['--quiet', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  let said = '';
  child.stderr.on('data', (bytes) => (said = `${said}${bytes}`.slice(-10_000)));
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
    rmSync(directory, { recursive: true, force: true });
  };

  const url = new URL(server);
  Object.assign(url, { username: user, password, hostname: '127.0.0.1', port: String(port) });
  const console_ = new URL(url);
  console_.pathname = '/pgbouncer';
  const ask = async (address, statement) => {
    const client = new pg.Client({ connectionString: address.href, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(statement)).rows;
    } finally {
      await client.end();
    }
  };

  try {
    const deadline = performance.now() + MAX_START_MS;
    for (;;) {
      try {
        await ask(url, 'SELECT 1');
        break;
      } catch (error) {
        if (child.exitCode !== null || performance.now() > deadline) {
          throw new Error(`PgBouncer did not start: ${error.message}\n${said}`, { cause: error });
        }
        await sleep(50);
      }
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: url.href,
    /** How many transactions went through it since it started, and through how it shares connections. */
    async statistics() {
      const rows = await ask(console_, 'SHOW STATS');
      const [pool] = (await ask(console_, 'SHOW POOLS')).filter(({ database }) => database !== 'pgbouncer');
      const total = rows
        .filter(({ database }) => database !== 'pgbouncer')
        .reduce((sum, { total_xact_count }) => sum + Number(total_xact_count), 0);
      return { transactions: total, mode: pool?.pool_mode };
    },
    stop,
  };
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
