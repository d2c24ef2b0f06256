import { jest } from '@jest/globals';
import { ADMINISTRATOR_ROLE } from '../../src/access/roles.js';
import { administrationHoldings, hasLastingAdministrator } from '../../src/accounts/holdings.store.js';
import { CustomRoleStore } from '../../src/accounts/custom-role.store.js';
import { LastAdministrator } from '../../src/accounts/last-administrator.js';
import { loadServiceConfig } from '../../src/config/service-config.js';
import { DAY } from '../../src/domain/clock.js';
import { ReplicaStage } from './replica-stage.js';

/** Administrators, each with a token. */
const MANY = 300;

const NOW = Date.parse('2026-03-01T12:00:00Z');
const at = (milliseconds: number) => new Date(NOW + milliseconds);

interface Case {
  readonly ceiling?: string[] | null;
  readonly role?: string;
  /** When the role was given, and when the token was made; milliseconds from {@link NOW}. */
  readonly given?: number;
  readonly created?: number;
  readonly expires?: number;
  readonly isRevoked?: boolean;
  readonly isDisabled?: boolean;
}

describe('The last administrator', () => {
  let stage: ReplicaStage;

  beforeAll(async () => {
    stage = await ReplicaStage.open();
  });

  afterEach(async () => {
    await stage.query('DELETE FROM service_account');
  });

  afterAll(async () => {
    await stage.close();
  });

  /** Accounts with a role and a token each. */
  async function add(
    count: number,
    {
      ceiling = ['*'],
      role = ADMINISTRATOR_ROLE.uid,
      given = -2_000,
      created = -1_000,
      expires,
      isRevoked = false,
      isDisabled = false,
    }: Case = {},
  ): Promise<void> {
    const moments = [at(given), at(created), expires === undefined ? null : at(expires)];
    await stage.query(
      `WITH account AS (
         INSERT INTO service_account (name, login, role, is_disabled, created_at, updated_at)
         SELECT 'a ' || n, 'a-' || n, 'None', $1, $4, $4 FROM generate_series(1, $2::int) AS n RETURNING id),
       token AS (
         INSERT INTO service_account_token (service_account_id, name, hash, created, expires_at, is_revoked, ceiling)
         SELECT id, 'token', 'hash ' || id, $5, $6, $7, $8 FROM account)
       INSERT INTO role_assignment (service_account_id, role_uid, created_at) SELECT id, $3, $4 FROM account`,
      [isDisabled, count, role, ...moments, isRevoked, ceiling],
    );
  }

  it('is looked for without reading all who are one', async () => {
    await add(MANY);
    const config = loadServiceConfig({ DATABASE_URL: 'pglite://memory' });
    const last = new LastAdministrator(new CustomRoleStore(), config, stage.clock);
    let rows = 0;
    await stage.database.transaction(async (manager) => {
      const query = manager.query.bind(manager);
      jest.spyOn(manager, 'query').mockImplementation(async (sql, values) => {
        const found = await query<unknown[]>(sql, values);
        rows += found.length;
        return found;
      });
      await last.keep(manager, async () => Promise.resolve());
    });
    jest.restoreAllMocks();
    expect(rows).toBeLessThan(10);
  });

  it.each<[string, Case, boolean]>([
    ['of an administrator', {}, true],
    ['of another role', { role: 'fixed_W5aFaw8isAM27x_eWfElBhZ0iOc' }, false],
    ['of a maker with fewer actions', { ceiling: ['roles:write'] }, false],
    ['of a disabled account', { isDisabled: true }, false],
    ['that is revoked', { isRevoked: true }, false],
    ['that expires within a day', { expires: DAY * 1000 }, false],
    ['that expires later', { expires: DAY * 1000 + 1 }, true],
    ['of a former release, made after the role was given', { ceiling: null }, true],
    ['of a former release, made before the role was given', { ceiling: null, given: 0 }, false],
    ['of a former release, made when the role was given', { ceiling: null, given: -1_000 }, false],
  ])('is found by one token, as by all: one %s', async (_name, token, expected) => {
    await add(1, token);
    const [found, holdings] = await stage.database.transaction(
      async (manager) =>
        [
          await hasLastingAdministrator(manager, NOW),
          await administrationHoldings(manager, new Map(), NOW),
        ] as const,
    );
    expect([found, holdings.some(({ unlimited, lasts }) => unlimited && lasts)]).toEqual([
      expected,
      expected,
    ]);
  });
});
