import pg from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { ServiceAccountEntity } from '../../src/accounts/service-account.entity.js';
import { ServiceAccountTokenEntity } from '../../src/accounts/service-account-token.entity.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { Database } from '../../src/database/database.js';
import { SERVICE_SCHEMA } from '../../src/schema/service-schema.js';
import { PostgresServer } from '../support/postgres-server.js';
import { eventually } from './stage.js';

const DATABASE = 'licentia';
const ROLE = 'licentia';

/** A setting, and a value of it that would change what our statements mean. */
const SETTINGS = {
  datestyle: 'German,DMY',
  intervalstyle: 'sql_standard',
  timezone: 'Asia/Kathmandu',
  bytea_output: 'escape',
  xmloption: 'document',
  extra_float_digits: '-15',
  client_encoding: 'LATIN1',
  standard_conforming_strings: 'off',
  backslash_quote: 'off',
  array_nulls: 'off',
  transform_null_equals: 'on',
  quote_all_identifiers: 'on',
  row_security: 'off',
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  statement_timeout: '40',
  lock_timeout: '41',
  idle_in_transaction_session_timeout: '500',
  synchronous_commit: 'off',
  search_path: 'front,public',
} as const;

/** Those that a session begins with: a client says its encoding itself, so what is set for it is not seen. */
const SHOWN = Object.fromEntries(Object.entries(SETTINGS).filter(([name]) => name !== 'client_encoding'));

const EXPECTED = {
  expires: '2031-02-03T04:05:06.789Z',
  interval: '1 day 02:00:00',
  midnight: '2026-01-02 00:00:00+00',
  bytes: '\\xdeff',
  xml: 'a<b/>',
  float: '0.30000000000000004',
  text: 'grüße ☃',
  encoding: 'UTF8',
  backslash: 'a\\b',
  quote: "'",
  elements: 2,
  nulls: true,
  identifier: 'license',
  security: 'on',
  isolation: ['repeatable read', 'read committed'],
  deferrable: ['off', 'off'],
  patient: true,
  durable: true,
  licenses: 1,
};

interface Way {
  set(): Promise<unknown>;
  reset(): Promise<unknown>;
}

describe('Settings of the session', () => {
  let server: PostgresServer;
  let running: Database;
  let url: string;

  beforeAll(async () => {
    server = await PostgresServer.start();
    await server.query(`CREATE ROLE ${ROLE} LOGIN`);
    // The tests' own statements have time, regardless of the defaults.
    for (const setting of Object.keys(SETTINGS).filter((name) => name.endsWith('timeout'))) {
      await server.query(`ALTER ROLE postgres SET ${setting} = 0`);
    }
    await server.query(`CREATE DATABASE ${DATABASE} OWNER ${ROLE}`);
    url = `postgres://${ROLE}@127.0.0.1:${server.port}/${DATABASE}`;
    running = await start();
    await running.transaction(async (manager) => {
      const at = new Date(EXPECTED.expires);
      const account = { name: EXPECTED.text, login: 'sa-1', role: 'None', isDisabled: false } as const;
      const { id } = await manager.save(ServiceAccountEntity, { ...account, createdAt: at, updatedAt: at });
      const token = { serviceAccountId: Number(id), name: 'token', hash: 'hash', isRevoked: false };
      await manager.save(ServiceAccountTokenEntity, { ...token, created: at, expiresAt: at });
    });
    // What somebody else has in front of ours: empty tables of our names, the list of migrations too.
    const names = await admin<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    await admin(`CREATE SCHEMA front AUTHORIZATION ${ROLE}`);
    for (const { name } of names)
      await admin(`CREATE TABLE front.${name} (LIKE public.${name} INCLUDING ALL)`);
    await admin(`GRANT ALL ON ALL TABLES IN SCHEMA front TO ${ROLE}`);
  }, 120_000);

  afterAll(async () => {
    await running?.onApplicationShutdown();
    await server.stop();
  }, 60_000);

  const admin = <Row extends Record<string, unknown>>(statement: string) =>
    server.query<Row>(statement, [], DATABASE);

  const options = Object.entries(SETTINGS).map(([setting, value]) => `-c ${setting}=${value}`);
  const altering = (what: string): Way => ({
    set: () => each(([setting, value]) => `ALTER ${what} SET ${setting} = ${quoted(value)}`),
    reset: () => each(([setting]) => `ALTER ${what} RESET ${setting}`),
  });
  const each = async (statement: (setting: [string, string]) => string) => {
    for (const setting of Object.entries(SETTINGS)) await admin(statement(setting));
  };
  const reload = () => admin('SELECT pg_reload_conf()');

  const WAYS: Record<string, Way> = {
    database: altering(`DATABASE ${DATABASE}`),
    role: altering(`ROLE ${ROLE}`),
    'role in the database': altering(`ROLE ${ROLE} IN DATABASE ${DATABASE}`),
    'server, by a reload': {
      set: () => altering('SYSTEM').set().then(reload),
      reset: () => altering('SYSTEM').reset().then(reload),
    },
    'environment (PGOPTIONS)': {
      set: async () => (process.env.PGOPTIONS = options.join(' ')),
      reset: async () => delete process.env.PGOPTIONS,
    },
    'address (options=)': {
      set: async () => (url = `${url}?options=${encodeURIComponent(options.join(' '))}`),
      reset: async () => (url = url.replace(/\?.*/, '')),
    },
  };

  async function start(): Promise<Database> {
    const dataSource = new DataSource(dataSourceOptions({ kind: 'postgres', url }, SERVICE_SCHEMA));
    const database = new Database(dataSource, 'run');
    await database.start().catch(async (error: unknown) => {
      await dataSource.destroy();
      throw error;
    });
    return database;
  }

  /** Ends the sessions of the service, so that those after them begin with what is set now. */
  async function renewSessions(): Promise<void> {
    await admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${ROLE}'`);
    await eventually(() => running.read(async () => true).catch(() => false));
  }

  /** What a session of somebody else begins with: without it the test would be worth nothing. */
  async function begunWith(): Promise<Record<string, string>> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const shown: Record<string, string> = {};
    try {
      for (const setting of Object.keys(SHOWN)) {
        const { rows } = await client.query<Record<string, string>>(`SHOW ${setting}`);
        shown[setting] = (Object.values(rows[0] ?? {})[0] ?? '').replaceAll(/[ "]|ms$/g, '');
      }
    } finally {
      await client.end();
    }
    return shown;
  }

  describe.each(Object.entries(WAYS))('that come by the %s', (_, way) => {
    beforeAll(() => way.set());
    afterAll(() => way.reset());

    it('do not matter to a service that starts', async () => {
      expect(await begunWith()).toEqual(SHOWN);
      const database = await start();
      try {
        expect(await probe(database)).toEqual(EXPECTED);
      } finally {
        await database.onApplicationShutdown();
      }
    });

    it('do not matter to a service that runs', async () => {
      expect(await probe(running)).toEqual(EXPECTED);
      await renewSessions();
      expect(await probe(running)).toEqual(EXPECTED);
    });
  });
});

function quoted(value: string): string {
  return value
    .split(',')
    .map((part) => `'${part}'`)
    .join(', ');
}

/** What our statements mean: the same values for every session. */
async function probe(database: Database): Promise<typeof EXPECTED> {
  const one = async (manager: EntityManager, columns: string) =>
    ((await manager.query<Record<string, never>[]>(`SELECT ${columns}`)) as Record<string, unknown>[])[0] ??
    {};
  const modes = `current_setting('transaction_isolation') AS isolation, current_setting('transaction_deferrable') AS deferrable`;
  const read = await database.read(async (manager): Promise<Record<string, unknown>> => {
    await new Promise((resolve) => setTimeout(resolve, 600));
    const token = await manager.findOneByOrFail(ServiceAccountTokenEntity, { hash: 'hash' });
    const account = await manager.findOneByOrFail(ServiceAccountEntity, { id: `${token.serviceAccountId}` });
    return {
      ...(await one(
        manager,
        `'1 day 2 hours'::interval::text AS interval, '2026-01-02 00:00'::timestamptz::text AS midnight,
         '\\xdeff'::bytea::text AS bytes, 'a<b/>'::xml::text AS xml, (0.1::float8 + 0.2)::text AS float,
         current_setting('client_encoding') AS encoding, 'a\\b' AS backslash, E'\\'' AS quote,
         cardinality(array_remove('{a,b,NULL}'::text[], NULL)) AS elements, (NULL = NULL) IS NULL AS nulls,
         'license'::regclass::text AS identifier, current_setting('row_security') AS security,
         (SELECT count(*) FROM license)::int AS licenses, ${modes}`,
      )),
      expires: token.expiresAt?.toISOString(),
      text: account.name,
    };
  });
  const written = await database.transaction(async (manager) => {
    await manager.query(`UPDATE service_account_token SET last_used_at = '2031-02-03 04:05:06Z'`);
    return one(
      manager,
      `pg_sleep(0.06)::text AS slept, current_setting('synchronous_commit') <> 'off' AS durable, ${modes}`,
    );
  });
  return {
    ...read,
    isolation: [read.isolation, written.isolation],
    deferrable: [read.deferrable, written.deferrable],
    patient: written.slept === '',
    durable: written.durable,
  } as unknown as typeof EXPECTED;
}
