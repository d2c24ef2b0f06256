import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { ISSUER_SERVER_SCHEMA } from '../../src/issuer-server/issuer-server-schema.js';
import { dataSourceOptions, type Schema } from '../../src/database/data-source-options.js';
import { Database } from '../../src/database/database.js';
import { UnusableDatabaseError } from '../../src/database/database-inspection.js';
import { SERVICE_SCHEMA } from '../../src/schema/service-schema.js';
import { SnapshotVersionEntity } from '../../src/snapshot/snapshot-version.entity.js';
import { ServiceAccountTokenEntity } from '../../src/accounts/service-account-token.entity.js';
import { share } from '../schema/shape.js';
import { POSTGRES_URL, postgresDatabase, type TestDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { describeWithOwnSessions } from '../support/own-sessions.js';
import { TestService } from '../support/service.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const ACCOUNT_WITH_TOKEN = `
  WITH account AS (
    INSERT INTO service_account (name, login, role, is_disabled, created_at, updated_at)
    VALUES ('a', 'a', 'None', false, now(), now()) RETURNING id)
  INSERT INTO service_account_token (service_account_id, name, hash, created, expires_at, is_revoked)
  SELECT id, 'a', 'a', now(), now(), false FROM account`;

let database: TestDatabase;
let name: string;
let admin: pg.Client;

beforeEach(async () => {
  database = await postgresDatabase(POSTGRES_URL as string);
  name = new URL(database.url).pathname.slice(1);
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
});

afterEach(async () => {
  await admin.end();
  await database.drop();
});

/** What `work` returns, on a database that was started and is stopped afterwards. */
async function started<T>(
  work: (database: Database) => Promise<T>,
  { url = database.url, schema = SERVICE_SCHEMA }: { url?: string; schema?: Schema } = {},
): Promise<T> {
  const dataSource = new DataSource(dataSourceOptions({ kind: 'postgres', url }, schema));
  const opened = new Database(dataSource, 'run');
  try {
    await opened.start();
    return await work(opened);
  } finally {
    await opened.onApplicationShutdown();
    if (dataSource.isInitialized) await dataSource.destroy();
  }
}

const refusal = (options?: { url?: string; schema?: Schema }) =>
  started(async () => 'started', options).catch((error: unknown) =>
    error instanceof UnusableDatabaseError ? error.message : error,
  );

/** The version that the tables of the service say, which tells them from others. */
const version = (options?: { url?: string }) =>
  started(
    (opened) =>
      opened.read(
        async (manager) => (await manager.findOneByOrFail(SnapshotVersionEntity, { id: 1 })).version,
      ),
    options,
  );

const setVersion = (schema: string, value: number) =>
  admin.query(`UPDATE "${schema}".snapshot_version SET version = ${value}`);

async function copyOfOurs(schema: string, ...withRows: string[]): Promise<void> {
  await admin.query(`CREATE SCHEMA "${schema}"`);
  const { rows } = await admin.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
  );
  for (const table of rows) {
    await admin.query(`CREATE TABLE "${schema}".${table.name} (LIKE public.${table.name} INCLUDING ALL)`);
    if (withRows.includes(table.name)) {
      await admin.query(`INSERT INTO "${schema}".${table.name} SELECT * FROM public.${table.name}`);
    }
  }
}

describeWithOwnSessions('The schema of the tables', () => {
  it('is never one off the search path: a second instance does not join the tables of the first', async () => {
    await version();
    await setVersion('public', 41);
    await admin.query('CREATE SCHEMA staging');
    for (const path of ['staging', 'nowhere']) {
      const url = `${database.url}?options=${encodeURIComponent(`-c search_path=${path}`)}`;
      expect(await refusal({ url })).toMatch(
        new RegExp(`^The search path \\(${path}\\) does not name the schema "public".* SET search_path`),
      );
    }
    const { rows } = await admin.query(`SELECT FROM pg_tables WHERE schemaname = 'staging'`);
    expect(rows).toEqual([]);
    expect(await version()).toBe(41);
  });

  it('stays the one that a running service found, also after the search path changes', async () => {
    await version();
    await setVersion('public', 47);
    await admin.query('CREATE SCHEMA elsewhere');
    const seen = await started(async (opened) => {
      await admin.query(`ALTER DATABASE ${name} SET search_path = elsewhere`);
      await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND pid <> pg_backend_pid()`,
      );
      const read = () =>
        opened.read(
          async (manager) => (await manager.findOneByOrFail(SnapshotVersionEntity, { id: 1 })).version,
        );
      return read().catch(read);
    });
    expect(seen).toBe(47);
  });

  it('is not one in front of it with tables of the same names, nor one of temporary tables', async () => {
    await version();
    await setVersion('public', 42);
    await copyOfOurs('front', 'snapshot_version');
    await setVersion('front', 13);
    await admin.query(`ALTER DATABASE ${name} SET search_path = front, public`);
    expect(await version()).toBe(42);
    const found = await started((opened) =>
      opened.transaction(async (manager) => {
        await manager.query('CREATE TEMPORARY TABLE snapshot_version AS SELECT 1 AS id, 14 AS version');
        return (await manager.findOneByOrFail(SnapshotVersionEntity, { id: 1 })).version;
      }),
    );
    expect(found).toBe(42);
  });

  it('is refused where the search path names two that have them, and is the one that it names alone', async () => {
    await version();
    await setVersion('public', 43);
    await copyOfOurs('Second one', 'snapshot_version', 'migration');
    await setVersion('Second one', 44);
    await admin.query(`ALTER DATABASE ${name} SET search_path = "Second one", public`);
    expect(await refusal()).toMatch(/in the schemas "Second one" and "public".*name one of them alone/);
    await admin.query(`ALTER DATABASE ${name} SET search_path = nowhere`);
    expect(await refusal()).toMatch(/in the schemas "Second one" and "public".*name one of them alone/);
    await admin.query(`ALTER DATABASE ${name} SET search_path = "Second one"`);
    expect(await version()).toBe(44);
  });

  it('is the own one of a role, beside another instance whose tables that role may not read', async () => {
    await version();
    await setVersion('public', 45);
    const role = `licentia_own_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'change-me'`);
    try {
      await admin.query(`CREATE SCHEMA own AUTHORIZATION ${role}`);
      await admin.query(`ALTER ROLE ${role} IN DATABASE ${name} SET search_path = own, public`);
      const url = Object.assign(new URL(database.url), { username: role, password: 'change-me' }).href;
      expect(await version({ url })).toBe(1);
      await setVersion('own', 46);
      expect(await version({ url })).toBe(46);
    } finally {
      await admin.query(`DROP OWNED BY ${role}`);
      await admin.query(`DROP ROLE ${role}`);
    }
  });

  it('has to exist', async () => {
    await admin.query(`ALTER DATABASE ${name} SET search_path = nowhere`);
    expect(await refusal()).toMatch(/search path \(nowhere\) names no schema that exists/);
  });

  it('may be that of both service and issuer, where it was so before: each has its tables', async () => {
    const asIssuer = { schema: ISSUER_SERVER_SCHEMA };
    await version();
    await share(
      (sql) => admin.query(sql),
      () => started(async () => undefined, asIssuer),
    );
    await admin.query('CREATE SCHEMA elsewhere');
    await admin.query(`ALTER DATABASE ${name} SET search_path = elsewhere, public`);
    expect(await version()).toBe(1);
    await started(async () => undefined, asIssuer);
  });

  it('is refused to the issuer where a schema on the path is the service’s, and no other makes up for it', async () => {
    await version();
    const asIssuer = { schema: ISSUER_SERVER_SCHEMA };
    expect(await refusal(asIssuer)).toMatch(
      /^This database is the service's \(.*"public"\) and not the issuer's: set /,
    );
    await admin.query('CREATE SCHEMA elsewhere');
    await admin.query(`ALTER DATABASE ${name} SET search_path = elsewhere, public`);
    expect(await refusal(asIssuer)).toMatch(
      /^This database is the service's \(.*"public"\) and not the issuer's: set /,
    );
    // A schema that is named alone is one of its own.
    await admin.query(`ALTER DATABASE ${name} SET search_path = elsewhere`);
    expect(await refusal(asIssuer)).toBe('started');
    await admin.query(`ALTER DATABASE ${name} SET search_path = public`);
    expect(await version()).toBe(1);
  });
});

it.each(['LATIN1', 'SQL_ASCII'])(
  'A database in the encoding %s is refused at the start',
  async (encoding) => {
    const other = `${name}_other`;
    await admin.query(
      `CREATE DATABASE ${other} ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`,
    );
    try {
      const url = Object.assign(new URL(database.url), { pathname: `/${other}` }).href;
      expect(await refusal({ url })).toContain(
        `The database's encoding is ${encoding} and has to be UTF8: make one with`,
      );
    } finally {
      await admin.query(`DROP DATABASE ${other} WITH (FORCE)`);
    }
  },
);

it('A time in a foreign style is an error, in entities too', async () => {
  await started(async (opened) => {
    const read = (style: string) =>
      opened.transaction(async (manager) => {
        await manager.query(ACCOUNT_WITH_TOKEN);
        await manager.query(`SET LOCAL datestyle = '${style}'`);
        return manager.find(ServiceAccountTokenEntity);
      });
    await expect(read('German, DMY')).rejects.toMatchObject({ code: 'database.unavailable' });
    expect((await read('ISO, DMY'))[0]?.expiresAt).toEqual(expect.any(Date));
  });
});

describeWithOwnSessions('Foreign keys that the database has switched off', () => {
  it('end the start, where the role cannot switch them on', async () => {
    const role = `licentia_plain_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'change-me'`);
    try {
      await admin.query(`ALTER DATABASE ${name} OWNER TO ${role}`);
      await admin.query(`ALTER SCHEMA public OWNER TO ${role}`);
      const url = Object.assign(new URL(database.url), { username: role, password: 'change-me' }).href;
      await admin.query(`ALTER ROLE ${role} IN DATABASE ${name} SET session_replication_role = replica`);
      expect(await refusal({ url })).toMatch(/^session_replication_role is not "origin".*RESET/);
      await admin.query(`ALTER ROLE ${role} IN DATABASE ${name} RESET session_replication_role`);
      expect(await version({ url })).toBe(1);
    } finally {
      await admin.query(`ALTER DATABASE ${name} OWNER TO CURRENT_USER`);
      await admin.query(`DROP OWNED BY ${role} CASCADE`);
      await admin.query(`DROP ROLE ${role}`);
    }
  });

  it('work for a superuser: what hangs on a row goes with it', async () => {
    await admin.query(`ALTER DATABASE ${name} SET session_replication_role = replica`);
    await started((opened) =>
      opened.transaction(async (manager) => {
        await manager.query(ACCOUNT_WITH_TOKEN);
        await manager.query('DELETE FROM service_account');
        expect(await manager.count(ServiceAccountTokenEntity)).toBe(0);
      }),
    );
  });
});

it('A token expires, and a license is renewed, on a database with another date style', async () => {
  await admin.query(`ALTER DATABASE ${name} SET datestyle = 'German, DMY'`);
  const issuer = await FakeIssuer.start();
  const check = (service: TestService, token: string) => service.get('/api/licensing/check', { token });
  let service = await TestService.start(database, { ISSUER_URL: issuer.url });
  try {
    await service.post('/api/licensing/token', { token: issuer.token() });
    const account = await service.post('/api/serviceaccounts', { name: 'short' });
    const path = `/api/serviceaccounts/${account.body.id}`;
    const { body } = await service.post(`${path}/tokens`, { name: 'short', secondsToLive: 60 });
    await service.post(`/api/access-control/users/${account.body.id}/roles`, {
      roleUid: 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE',
    });
    expect((await check(service, body.key)).status).toBe(200);
    expect((await service.call('PATCH', path, { body: { name: 'other' } })).status).toBe(200);
    expect((await service.get('/api/licensing/token/history')).status).toBe(200);
    await service.stop();
    service = await TestService.start(database, { ISSUER_URL: issuer.url });
    expect((await check(service, body.key)).status).toBe(200);
    service.clock.advance(61_000);
    expect((await check(service, body.key)).body.messageId).toBe('api-key.expired');
  } finally {
    await service.stop();
    await issuer.stop();
  }
});

describe('A session that fails', () => {
  const pid = async (manager: EntityManager) =>
    (await manager.query<{ pid: number }[]>('SELECT pg_backend_pid() AS pid'))[0]?.pid;

  /** @returns the session that failed, those on which the same work was done again, and the one after it */
  async function fail(state: string, wait = 0) {
    return started(async (opened) => {
      const tried: (number | undefined)[] = [];
      await opened.read(pid);
      await new Promise((resolve) => setTimeout(resolve, wait));
      const failing = opened.transaction(async (manager) => {
        tried.push(await pid(manager));
        if (tried.length > 1) return;
        await manager.query(`DO $$ BEGIN RAISE EXCEPTION 'oh' USING ERRCODE = '${state}'; END $$`);
      });
      const done = await failing.then(
        () => true,
        () => false,
      );
      return { tried, done, next: await opened.read(pid) };
    });
  }

  it('by a statement is used again', async () => {
    for (const state of ['23505', '42P01', '55P03', '57014', '22012']) {
      const { tried, done, next } = await fail(state);
      expect({ state, tried, done }).toEqual({ state, tried: [next], done: false });
    }
  });

  it('by itself is replaced', async () => {
    for (const state of ['42501', '53200', 'XX000', '08006', '25P01']) {
      const { tried, done, next } = await fail(state);
      expect({ state, tried: tried.length, done }).toEqual({ state, tried: 1, done: false });
      expect({ state, same: tried[0] === next }).toEqual({ state, same: false });
    }
  });

  it('by what it knows is replaced, and the work is done on the next one', async () => {
    for (const state of ['26000', '34000', '42P05', '0A000']) {
      const { tried, done, next } = await fail(state);
      expect({ state, done, last: tried[1] }).toEqual({ state, done: true, last: next });
      expect({ state, same: tried[0] === next }).toEqual({ state, same: false });
    }
  });

  it('as read only is believed while it is young, and replaced when it is old', async () => {
    const young = await fail('25006');
    expect(young).toEqual({ tried: [young.next], done: false, next: young.next });
    const old = await fail('25006', 1_100);
    expect({ done: old.done, last: old.tried[1] }).toEqual({ done: true, last: old.next });
    expect(old.tried[0]).not.toBe(old.next);
  });

  it('as read only, one of some behind a pooler, does not make health flap: writable counts when nothing else was heard for 3 s', async () => {
    await started(async (opened) => {
      const refuse = (manager: EntityManager) =>
        manager.query(`DO $$ BEGIN RAISE EXCEPTION 'oh' USING ERRCODE = '25006'; END $$`);
      await opened.transaction(refuse).catch(() => undefined);
      const seen: (boolean | undefined)[] = [];
      for (let times = 0; times < 5; times += 1) {
        await opened.read(pid);
        seen.push(opened.readOnly);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(seen).toEqual([true, true, true, true, true]);
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      await opened.read(pid);
      expect(opened.readOnly).toBe(false);
    });
  });
});

describe('The opening of a session', () => {
  const block = (milliseconds: number) => {
    for (const end = performance.now() + milliseconds; performance.now() < end;);
  };

  it('does not fail because the process itself held it up for more than two seconds', async () => {
    const answer = await started((opened) =>
      // The one session of the pool is in use, so the second transaction opens another one.
      opened.transaction(async () => {
        const second = opened.transaction((manager) => manager.query('SELECT 47 AS answer'));
        block(2_500);
        return second;
      }),
    );
    expect(answer).toEqual([{ answer: 47 }]);
  });

  it('still fails after two seconds when the process has nothing else to do', async () => {
    const proxy = await TcpProxy.start('127.0.0.1', Number(new URL(database.url).port || 5432));
    const url = new URL(database.url);
    url.hostname = '127.0.0.1';
    url.port = `${proxy.port}`;
    try {
      const [reason, later] = await started(
        (opened) =>
          opened.transaction(async (manager) => {
            proxy.freeze();
            const failed = await opened
              .transaction(async () => undefined)
              .catch((error: unknown) => (error as Error).cause);
            proxy.mend();
            return [failed, await manager.query('SELECT 47 AS answer')];
          }),
        { url: url.href },
      );
      expect(String(reason)).toBe('Error: no connection to the database within 2000 ms');
      expect(later).toEqual([{ answer: 47 }]);
    } finally {
      await proxy.stop();
    }
  });
});
