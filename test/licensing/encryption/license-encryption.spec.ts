import { randomBytes } from 'node:crypto';
import { encryptionKeyId } from '../../../src/domain/sealed-text.js';
import { LicenseEncryption } from '../../../src/licensing/encryption/license-encryption.js';
import { LicenseExplainer } from '../../../src/licensing/explain/license-explainer.js';
import { LicenseHistory } from '../../../src/licensing/history/license-history.js';
import { LicenseRevoker } from '../../../src/licensing/renewal/license-revoker.js';
import { SnapshotService } from '../../../src/snapshot/snapshot.service.js';
import { ACTOR, type LicensingStage, shareLicensingStage } from '../../support/licensing-stage.js';

const [key, next, lost] = [randomBytes(32), randomBytes(32), randomBytes(32)];
const LICENSE_ENCRYPTION_KEY = key.toString('base64');
const listOf = (...keys: Buffer[]) => ({
  LICENSE_ENCRYPTION_KEY: keys.map((one) => one.toString('base64')).join(','),
});
const JWS = /eyJ[\w-]+\./;

describe('License tokens in the database', () => {
  let stage: LicensingStage;
  shareLicensingStage((shared) => (stage = shared));

  afterEach(async () => {
    await stage.change('DELETE FROM license_revocation');
  });

  /** Every row of every table, as a dump has it. */
  async function dump(): Promise<string> {
    const tables = await stage.query<{ name: string }>(
      `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    expect(tables.length).toBeGreaterThan(10);
    const rows = [];
    for (const { name } of tables) rows.push(...(await stage.query(`SELECT t::text FROM ${name} AS t`)));
    return JSON.stringify(rows);
  }

  const tokens = async () =>
    Object.values(
      (
        await stage.query<Record<string, string | null>>(
          'SELECT token, previous_token, queued_token FROM license',
        )
      )[0] ?? {},
    );
  const past = async () => {
    const { current, previous, queued } = await stage.get(LicenseHistory).past();
    return [current, previous, queued].map((license) => license?.claims.jti);
  };
  const reload = async () => {
    stage.get(SnapshotService).reload();
    await stage.get(SnapshotService).refresh();
  };
  /** A present license, a previous one, a waiting one, and a statement that revokes another. */
  async function fill(): Promise<void> {
    const now = stage.hold();
    await stage.install({ lid: 'one', jti: 'first' });
    await stage.install({ lid: 'one', jti: 'second', iat: now });
    await stage.install({ lid: 'two', jti: 'third', nbf: now + 1_000, iat: now }, { queue: true });
    const revocation = { iss: stage.issuer.url, lid: 'other', iat: now };
    await stage.get(LicenseRevoker).revoke(ACTOR, revocation, stage.issuer.statement({ lid: 'other' }));
  }

  it('are in clear without a key, and the dump shows them', async () => {
    await fill();
    expect(await dump()).toMatch(JWS);
    expect(await stage.get(LicenseEncryption).rewriteAll()).toEqual({ count: 0, unreadable: [] });
  });

  it('are in no dump with a key, and mean the same as before', async () => {
    await stage.restart({ LICENSE_ENCRYPTION_KEY });
    await fill();
    expect(await dump()).not.toMatch(JWS);
    expect(await past()).toEqual(['second', 'first', 'third']);
    await stage.get(LicenseHistory).rollback(ACTOR);
    expect(await past()).toEqual(['first', 'second', 'third']);
    expect(await dump()).not.toMatch(JWS);
    await stage.restart({ LICENSE_ENCRYPTION_KEY });
    expect(stage.state).toMatchObject({ status: 1, claims: { jti: 'first' } });
  });

  it('are encrypted at the first start with a key, without a change of the license', async () => {
    await fill();
    const counters = 'SELECT generation, revision, stamp FROM license';
    const before = await stage.query(counters);
    await stage.restart({ LICENSE_ENCRYPTION_KEY });
    await stage.get(LicenseEncryption).start();
    expect(await dump()).not.toMatch(JWS);
    expect(await stage.query(counters)).toEqual(before);
    expect(await past()).toEqual(['second', 'first', 'third']);
    const sealed = await tokens();
    await stage.get(LicenseEncryption).start();
    expect(await tokens()).toEqual(sealed);
  });

  it('are encrypted with the first key by the command, which can be repeated', async () => {
    await stage.restart(listOf(key));
    await fill();
    await stage.restart(listOf(next, key));
    expect(await past()).toEqual(['second', 'first', 'third']);
    expect(await stage.get(LicenseEncryption).rewriteAll()).toEqual({ count: 4, unreadable: [] });
    expect(await stage.get(LicenseEncryption).rewriteAll()).toEqual({ count: 0, unreadable: [] });
    await stage.restart(listOf(next));
    expect(await past()).toEqual(['second', 'first', 'third']);
    expect(stage.state.status).toBe(1);
  });

  it('come back in clear with "clear" before the key', async () => {
    await stage.restart(listOf(key));
    await fill();
    await stage.restart({ LICENSE_ENCRYPTION_KEY: `clear,${LICENSE_ENCRYPTION_KEY}` });
    expect((await stage.get(LicenseEncryption).rewriteAll()).count).toBe(4);
    await stage.restart();
    expect(await past()).toEqual(['second', 'first', 'third']);
  });

  it.each([
    ['is not set', {}, /^LICENSE_ENCRYPTION_KEY is not set, and the database needs the key [0-9a-f]{8} /],
    ['is another one', listOf(lost), /^LICENSE_ENCRYPTION_KEY has not the key [0-9a-f]{8} that encrypted/],
  ])('answer as what does not verify while the key %s, and nothing is lost', async (_, setting, sentence) => {
    await stage.restart(listOf(key));
    await fill();
    const sealed = await tokens();
    await stage.restart(setting);
    expect(stage.state).toEqual({ status: 3, claims: undefined });
    expect(await past()).toEqual([undefined, undefined, undefined]);
    const { sources } = stage.get(LicenseExplainer).explain();
    expect(sources).toContainEqual(
      expect.objectContaining({
        source: 'database',
        code: 'license.untrusted',
        reason: expect.stringMatching(sentence),
      }),
    );
    expect(JSON.stringify(sources)).toContain(encryptionKeyId(key));
    const { unreadable } = await stage.get(LicenseEncryption).rewriteAll();
    const columns =
      'license.token, license.previous_token, license.queued_token, license_revocation.statement: ';
    expect(unreadable.map((one) => one.slice(0, columns.length))).toEqual([columns]);
    expect(unreadable[0]?.slice(columns.length)).toMatch(sentence);
    await expect(stage.get(LicenseHistory).rollback(ACTOR)).rejects.toMatchObject({
      code: 'license.untrusted',
    });
    expect(await tokens()).toEqual(sealed);
    await stage.restart(listOf(key));
    expect(stage.state.status).toBe(1);
    expect(await past()).toEqual(['second', 'first', 'third']);
  });

  it('can be replaced while their key is lost; the replaced one can be read when the key is back', async () => {
    await stage.restart(listOf(key));
    await stage.install({ lid: 'one', jti: 'lost' });
    await stage.restart(listOf(lost));
    await stage.install({ lid: 'one', jti: 'new', iat: stage.now });
    expect(stage.state).toMatchObject({ status: 1, claims: { jti: 'new' } });
    await stage.restart(listOf(lost, key));
    expect(await past()).toEqual(['new', 'lost', undefined]);
    expect((await stage.get(LicenseEncryption).rewriteAll()).count).toBe(1);
    await stage.restart(listOf(lost));
    expect(await past()).toEqual(['new', 'lost', undefined]);
  });

  it('keep counting on a replica that has no key when another one encrypts them', async () => {
    await fill();
    const clear = await tokens();
    await stage.restart({ LICENSE_ENCRYPTION_KEY });
    await stage.get(LicenseEncryption).start();
    const sealed = await tokens();
    await stage.change(set(clear));
    await stage.restart();
    expect(stage.state.status).toBe(1);
    await stage.change(set(sealed));
    await reload();
    expect(stage.state).toMatchObject({ status: 1, claims: { jti: 'second' } });
    // A write of another replica is one that it cannot read.
    await stage.change('UPDATE license SET stamp = gen_random_uuid()');
    await reload();
    expect(stage.state).toEqual({ status: 3, claims: undefined });
  });

  it.each([
    ['token = previous_token', 'moved from another place'],
    ['token = queued_token', 'moved from another place'],
    ["token = 'v2.' || token", 'a newer release'],
    ["token = left(token, 60) || 'AAAA' || substr(token, 65)", 'is damaged'],
  ])('are bound to their place, and cannot be changed: %s', async (change, reason) => {
    await stage.restart(listOf(key));
    await fill();
    await stage.change(`UPDATE license SET ${change}, stamp = gen_random_uuid()`);
    await stage.restart(listOf(key));
    expect(stage.state.status).toBe(3);
    expect(JSON.stringify(stage.get(LicenseExplainer).explain().sources)).toContain(reason);
  });
});

function set(columns: readonly (string | null)[]): string {
  const [token, previous, queued] = columns.map((text) => (text === null ? 'NULL' : `'${text}'`));
  return `UPDATE license SET token = ${token}, previous_token = ${previous}, queued_token = ${queued}`;
}
