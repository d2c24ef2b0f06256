import { Logger } from '@nestjs/common';
import { ROLES } from '../../src/access/roles.js';
import { ACTIONS } from '../../src/domain/actions.js';
import { hashToken } from '../../src/access/service-account-token.js';
import { SnapshotVersionStore } from '../../src/snapshot/snapshot-version.store.js';
import { ACTOR, type Replica, ReplicaStage } from './replica-stage.js';
import { seededRandom } from '../support/random.js';

const SEED = Number(process.env.SAMPLE_SEED) || 1;
const STEPS = 100;

/** Every table that a state of the tokens is in, what is referred to first. */
const TABLES = [
  'custom_role',
  'service_account',
  'service_account_token',
  'role_assignment',
  'snapshot_version',
  'snapshot_change',
];

describe('The known tokens of a replica', () => {
  let stage: ReplicaStage;
  let writer: Replica;
  let follower: Replica;

  beforeAll(() => Logger.overrideLogger(false));

  beforeEach(async () => {
    stage = await ReplicaStage.open();
    [writer, follower] = [stage.replica(), stage.replica()];
    await writer.snapshots.refresh();
    await follower.snapshots.refresh();
  });

  afterEach(async () => {
    await stage.close();
  });

  it(`are after any history what a first reading finds (seed ${SEED})`, async () => {
    const random = seededRandom(SEED);
    const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)];
    const hashes = new Set<string>();
    let backup: Record<string, unknown[]> | undefined;
    const idOf = async (table: string) =>
      pick(
        await stage.query<{ id: string; account: string }>(
          `SELECT ${table === 'service_account' ? 'id, id' : 'id, service_account_id'} AS account FROM ${table} ORDER BY id`,
        ),
      );
    const customRoles = async () =>
      stage.query<{ uid: string; version: number }>('SELECT uid, version FROM custom_role ORDER BY uid');
    const roleContent = () => {
      const actions = ACTIONS.filter(() => random() < 0.3);
      return { name: `custom:${random()}`, displayName: '', description: '', group: '', actions };
    };
    const formerRelease = async (version: string) => {
      const account = await idOf('service_account');
      await stage.query(
        `WITH change AS (UPDATE service_account SET is_disabled = NOT is_disabled WHERE id = $1)
         UPDATE snapshot_version SET ${version}`,
        [account?.id ?? 0],
      );
    };
    const steps: Record<string, () => Promise<unknown>> = {
      account: async () => {
        const isDisabled = random() < 0.2;
        return writer.accounts.create(ACTOR, { name: `account ${random()}`, role: 'None', isDisabled });
      },
      token: async () => {
        const account = await idOf('service_account');
        if (account === undefined) return;
        const actions = new Set(random() < 0.5 ? ACTOR.actions : [...ACTOR.actions].slice(0, 5));
        const maker = { ...ACTOR, actions, unlimited: random() < 0.5 };
        // Refused where the account has more than its maker.
        const made = writer.accounts.createToken(maker, Number(account.id), `${random()}`, 0);
        const token = await made.catch(() => undefined);
        if (token !== undefined) hashes.add(hashToken(token.key));
      },
      revoke: async () => {
        const token = await idOf('service_account_token');
        if (token === undefined) return;
        await writer.accounts.revokeToken(ACTOR, Number(token.account), Number(token.id));
      },
      delete: async () => {
        const token = await idOf('service_account_token');
        if (token === undefined) return;
        await writer.accounts.deleteToken(ACTOR, Number(token.account), Number(token.id));
      },
      disable: async () => {
        const account = await idOf('service_account');
        if (account === undefined) return;
        await writer.accounts.update(ACTOR, Number(account.id), { isDisabled: random() < 0.5 });
      },
      'a role': async () => {
        const account = await idOf('service_account');
        const role = pick([...ROLES, ...(await customRoles())]);
        if (account === undefined || role === undefined) return;
        await writer.assignments.add(ACTOR, Number(account.id), role.uid);
      },
      'a role less': async () => {
        const given = pick(
          await stage.query<{ account: string; role: string }>(
            'SELECT service_account_id AS account, role_uid AS role FROM role_assignment ORDER BY 1, 2',
          ),
        );
        if (given === undefined) return;
        await writer.assignments.remove(ACTOR, Number(given.account), given.role);
      },
      'a custom role': async () => writer.roles.create(ACTOR, roleContent(), `role-${random()}`.slice(0, 20)),
      'a custom role changes': async () => {
        const role = pick(await customRoles());
        if (role !== undefined) await writer.roles.update(ACTOR, role.uid, role.version, roleContent());
      },
      'a custom role less': async () => {
        const role = pick(await customRoles());
        if (role !== undefined) await writer.roles.remove(ACTOR, role.uid, true);
      },
      license: async () => writer.snapshots.change(async () => ({ changed: 'license', value: undefined })),
      'a release without records': async () =>
        formerRelease('version = version + 1, stamp = gen_random_uuid()'),
      'a release without stamps': async () => formerRelease('version = version + 1'),
      'a removed record': async () =>
        stage.query(
          'DELETE FROM snapshot_change WHERE version > (SELECT max(version) FROM snapshot_change) - $1',
          [Math.ceil(random() * 3)],
        ),
      backup: async () => {
        backup = {};
        for (const table of TABLES) {
          const rows = await stage.query<{ row: unknown }>(`SELECT to_jsonb(t) AS row FROM ${table} AS t`);
          backup[table] = rows.map(({ row }) => row);
        }
      },
      restore: async () => {
        const rows = backup;
        if (rows === undefined) return;
        await stage.database.transaction(async (manager) => {
          for (const table of [...TABLES].reverse()) await manager.query(`DELETE FROM ${table}`);
          for (const table of TABLES) {
            await manager.query(
              `INSERT INTO ${table} OVERRIDING SYSTEM VALUE
               SELECT * FROM jsonb_populate_recordset(NULL::${table}, $1::jsonb)`,
              [JSON.stringify(rows[table])],
            );
          }
        });
      },
      'a failed reading': async () => {
        follower.fails = true;
        await follower.snapshots.refresh().catch(() => undefined);
        follower.fails = false;
      },
    };
    const common = [
      ...Array<string>(3).fill('token'),
      'account',
      'revoke',
      'delete',
      'disable',
      'a role',
      'a role',
      'a role less',
      'a custom role changes',
      'license',
    ];
    const rare = Object.keys(steps).filter((name) => !common.includes(name));
    const names: string[] = [];
    for (let step = 0; step < STEPS; step += 1) {
      const name = pick(random() < 0.75 ? common : rare) as string;
      names.push(name);
      await steps[name]?.();
      if (random() < 0.6) continue;
      await follower.snapshots.refresh();
      const reader = stage.replica();
      await reader.snapshots.refresh();
      const expected = reader.known(hashes);
      expect({ names, known: follower.known(hashes) }).toEqual({ names, known: expected });
      await writer.snapshots.refresh();
      expect({ names, known: writer.known(hashes) }).toEqual({ names, known: expected });
    }
    expect(follower.readings.some).toBeGreaterThan(5);
    expect(follower.readings.whole).toBeGreaterThan(1);
  });

  it('are read again for the account alone that changed, and not at all after a change of the license', async () => {
    const account = await writer.accounts.create(ACTOR, { name: 'robot', role: 'None', isDisabled: false });
    const { key } = await writer.accounts.createToken(ACTOR, Number(account.id), 'token', 0);
    await follower.snapshots.refresh();
    const { tokens } = follower.snapshots.known;
    expect(tokens.find(hashToken(key))).toBeDefined();
    expect(follower.readings).toEqual({ whole: 1, some: 1 });
    await writer.snapshots.change(async () => ({ changed: 'license', value: undefined }));
    await follower.snapshots.refresh();
    expect(follower.snapshots.known.tokens).toBe(tokens);
  });

  it('are read whole after a reload, with what was changed by hand', async () => {
    const account = await writer.accounts.create(ACTOR, { name: 'robot', role: 'None', isDisabled: false });
    const { key } = await writer.accounts.createToken(ACTOR, Number(account.id), 'token', 0);
    await follower.snapshots.refresh();
    await stage.query('UPDATE service_account_token SET is_revoked = true');
    await follower.snapshots.refresh();
    expect(follower.snapshots.known.tokens.find(hashToken(key))?.revoked).toBe(false);
    follower.snapshots.reload();
    await follower.snapshots.refresh();
    expect(follower.snapshots.known.tokens.find(hashToken(key))?.revoked).toBe(true);
  });

  it('are read in pages that lose none', async () => {
    await stage.query(`INSERT INTO service_account (name, login, role, is_disabled, created_at, updated_at)
      SELECT 'robot ' || n, 'robot-' || n, 'None', n % 7 = 0, now(), now() FROM generate_series(1, 450) AS n`);
    await stage.query(`INSERT INTO service_account_token
        (service_account_id, name, hash, created, expires_at, last_used_at, is_revoked, ceiling)
      SELECT id, 'token ' || n, id || '-' || n, now(), NULL, NULL, n % 5 = 0, ARRAY['licensing:read']
      FROM service_account, generate_series(1, CASE WHEN id % 200 = 0 THEN 1000 WHEN id % 3 = 0 THEN 7 ELSE 0 END) AS n`);
    await stage.query('UPDATE snapshot_version SET version = version + 1');
    await follower.snapshots.refresh();
    const rows = await stage.query<{ hash: string; account: string; revoked: boolean; disabled: boolean }>(
      `SELECT hash, 'service-account:' || service_account_id AS account, is_revoked AS revoked, is_disabled AS disabled
       FROM service_account_token AS token JOIN service_account AS account ON account.id = service_account_id`,
    );
    expect(rows.length).toBeGreaterThan(3_000);
    const found = follower.known(rows.map(({ hash }) => hash));
    expect(found.map((token) => [token?.caller.id, token?.revoked, token?.disabled])).toEqual(
      rows.map(({ account, revoked, disabled }) => [account, revoked, disabled]),
    );
  });

  it('are read whole where more than a hundred accounts changed', async () => {
    const account = await writer.accounts.create(ACTOR, { name: 'robot', role: 'None', isDisabled: false });
    const { key } = await writer.accounts.createToken(ACTOR, Number(account.id), 'token', 0);
    const versions = new SnapshotVersionStore();
    await stage.database.transaction(async (manager) => {
      for (let id = 1; id <= 101; id += 1) {
        const version = await versions.lock(manager);
        if (version !== undefined) await versions.advance(manager, version, { accounts: [id] });
      }
    });
    await stage.query('UPDATE service_account SET is_disabled = true');
    await follower.snapshots.refresh();
    expect(follower.known([hashToken(key)])).toMatchObject([{ disabled: true }]);
  });

  it('leave no more than a thousand records of changes', async () => {
    await stage.query('UPDATE snapshot_version SET version = 5000');
    await stage.query(`INSERT INTO snapshot_change
      SELECT n, gen_random_uuid(), gen_random_uuid(), '{}' FROM generate_series(3990, 5010) AS n`);
    await writer.snapshots.change(async () => ({ changed: 'license', value: undefined }));
    const [count] = await stage.query<{ least: string; count: string }>(
      'SELECT min(version) AS least, count(*) FROM snapshot_change WHERE version <= 5001',
    );
    expect(count).toEqual({ least: '4002', count: '1000' });
  });
});
