import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServiceAccountToken, hashToken } from '../../src/access/service-account-token.js';
import { ACTOR, type Replica, ReplicaStage } from './replica-stage.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('A token of a provisioning file that was deleted', () => {
  const leaked = createServiceAccountToken();
  const other = createServiceAccountToken();
  let folder: string;
  let file: string;
  let stage: ReplicaStage;
  let replica: Replica;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'licentia-retired-'));
    file = join(folder, 'access.yaml');
    stage = await ReplicaStage.open();
    replica = stage.replica(file);
    await provision(`  - { name: deployment, tokens: [${tokens()}] }`);
  });

  afterEach(async () => {
    await stage.close();
    rmSync(folder, { recursive: true });
  });

  const tokens = (name = 'ci') =>
    `{ name: ${name}, sha256: '${sha256(leaked)}' }, { name: other, sha256: '${sha256(other)}' }`;

  const reload = async (isDryRun = false) => replica.provisioner.reload(ACTOR, isDryRun);

  async function provision(...accounts: string[]) {
    writeFileSync(file, ['apiVersion: 2', 'serviceAccounts:', ...accounts, ''].join('\n'));
    return reload();
  }

  async function account() {
    const [row] = await stage.query<{ id: string }>(
      "SELECT id FROM service_account WHERE name = 'deployment'",
    );
    return Number(row?.id);
  }

  async function tokenIds(): Promise<Record<string, number>> {
    const all = await replica.accounts.listTokens(await account());
    return Object.fromEntries(all.map(({ id, name }) => [name, Number(id)]));
  }

  /** Which of the two tokens work. */
  async function working(): Promise<string[]> {
    await replica.snapshots.refresh();
    const known = { leaked, other };
    return Object.entries(known).flatMap(([name, key]) => {
      const token = replica.snapshots.known.tokens.find(hashToken(key));
      return token === undefined || token.revoked || token.disabled ? [] : [name];
    });
  }

  const refused = (line = 3) => [
    {
      file,
      line,
      rule: expect.stringMatching(/^this token is not made, .*put its sha256 here \("ci" of "deployment"\)$/),
    },
  ];

  it('stays away if it was revoked, and everything else of the file is applied', async () => {
    const { ci = 0 } = await tokenIds();
    await replica.accounts.revokeToken(ACTOR, await account(), ci);
    await replica.accounts.deleteToken(ACTOR, await account(), ci);
    const outcome = await provision(
      `  - { name: deployment, tokens: [${tokens()}] }`,
      '  - { name: second }',
    );
    expect(await working()).toEqual(['other']);
    expect(outcome).toEqual({
      changes: [{ action: 'service-account.create', target: 'service-account:second', detail: '' }],
      retired: refused(),
    });
    expect(await reload()).toEqual({ changes: [], retired: refused() });
    expect(await reload(true)).toEqual({ changes: [], retired: refused() });
  });

  it('is taken away again where a replica of a former release has made it anew', async () => {
    const { ci = 0 } = await tokenIds();
    await stage.query(`CREATE TABLE kept AS SELECT * FROM service_account_token WHERE id = ${ci}`);
    await replica.accounts.revokeToken(ACTOR, await account(), ci);
    await replica.accounts.deleteToken(ACTOR, await account(), ci);
    await stage.query('INSERT INTO service_account_token OVERRIDING SYSTEM VALUE SELECT * FROM kept');
    const { changes, retired } = await reload();
    expect(changes).toMatchObject([{ action: 'service-account.token.delete', detail: 'ci' }]);
    expect(retired).toEqual(refused());
    expect(await working()).toEqual(['other']);
    expect(await reload()).toEqual({ changes: [], retired: refused() });
  });

  it('stays away under another name and in another account too', async () => {
    const { ci = 0 } = await tokenIds();
    await replica.accounts.revokeToken(ACTOR, await account(), ci);
    const second = `  - { name: second, tokens: [{ name: again, sha256: '${sha256(leaked)}' }] }`;
    await provision('  - { name: deployment, tokens: [{ name: ci, state: absent }] }', second);
    expect(await working()).toEqual(['other']);
    await provision(`  - { name: deployment, tokens: [${tokens('renamed')}] }`);
    expect(await working()).toEqual(['other']);
  });

  it('stays away if another one replaced it after it was revoked', async () => {
    const { ci = 0 } = await tokenIds();
    await replica.accounts.revokeToken(ACTOR, await account(), ci);
    const [before, after] = [leaked, createServiceAccountToken()].map(sha256) as [string, string];
    await provision(`  - { name: deployment, tokens: [${tokens().replace(before, after)}] }`);
    const { ci: replacement } = await tokenIds();
    const { retired } = await provision(`  - { name: deployment, tokens: [${tokens()}] }`);
    expect(await working()).toEqual(['other']);
    expect(retired).toEqual(refused());
    // What has its name now is not the file's to delete for a token that it does not get.
    expect((await tokenIds()).ci).toBe(replacement);
  });

  it('stays away with all tokens of its account, which comes back, if that was disabled', async () => {
    await replica.accounts.update(ACTOR, await account(), { isDisabled: true });
    await replica.accounts.remove(ACTOR, await account());
    const outcome = await reload();
    expect(await working()).toEqual([]);
    expect(outcome).toMatchObject({
      changes: [{ action: 'service-account.create', target: 'service-account:deployment' }],
      retired: [{ line: 3 }, { line: 3 }],
    });
    expect(await tokenIds()).toEqual({});
  });

  it('stays away if it was revoked and its account deleted, whose other tokens come back', async () => {
    const { ci = 0 } = await tokenIds();
    await replica.accounts.revokeToken(ACTOR, await account(), ci);
    await replica.accounts.remove(ACTOR, await account());
    const { retired } = await reload();
    expect(await working()).toEqual(['other']);
    expect(retired).toEqual(refused());
  });

  it('stays away if a file deleted its disabled account', async () => {
    await replica.accounts.update(ACTOR, await account(), { isDisabled: true });
    await provision('  - { name: deployment, state: absent }');
    await provision(`  - { name: deployment, isDisabled: false, tokens: [${tokens()}] }`);
    expect(await working()).toEqual([]);
  });

  it('is made again if it worked when it was deleted, also twice', async () => {
    for (let times = 0; times < 2; times += 1) {
      const { ci = 0 } = await tokenIds();
      await replica.accounts.deleteToken(ACTOR, await account(), ci);
      expect(await working()).toEqual(['other']);
      const { retired } = await reload();
      expect([await working(), retired]).toEqual([['leaked', 'other'], []]);
    }
  });

  it('is not remembered by a dry run', async () => {
    const { ci = 0 } = await tokenIds();
    await replica.accounts.revokeToken(ACTOR, await account(), ci);
    writeFileSync(
      file,
      'apiVersion: 2\nserviceAccounts: [{ name: deployment, tokens: [{ name: ci, state: absent }] }]',
    );
    await reload(true);
    expect(await stage.query('SELECT FROM retired_token')).toEqual([]);
  });

  it('stays away where another replica deleted it, or reads the file', async () => {
    const { ci = 0 } = await tokenIds();
    const second = stage.replica(file);
    await second.accounts.revokeToken(ACTOR, await account(), ci);
    await replica.accounts.deleteToken(ACTOR, await account(), ci);
    const outcomes = await Promise.all(
      [second, replica].map(async ({ provisioner }) => provisioner.reload(ACTOR, false)),
    );
    expect(await working()).toEqual(['other']);
    expect(outcomes).toEqual([1, 2].map(() => ({ changes: [], retired: refused() })));
  });
});
