import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../../src/config/environment.js';
import { LicenseSources } from '../../../src/licensing/sources/license-sources.js';
import type { SourceReport } from '../../../src/licensing/license/source-report.js';
import { SnapshotService } from '../../../src/snapshot/snapshot.service.js';
import { newLid } from '../../support/tokens.js';
import { CHECK, outcome, shareStage, type Stage, TOKEN, until } from './stage.js';

const INSTANCE = 'http://localhost:3000/';

describe('a license outside of the database', () => {
  let stage: Stage;
  let directory: string;
  let path: string;
  shareStage((shared) => (stage = shared));

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-sources-'));
    path = join(directory, 'license.jwt');
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  const now = () => Math.floor(Date.now() / 1000);
  const restart = async (environment: Environment = { LICENSE_PATH: path }) => stage.restart(environment);
  /** Puts content into the file the way careful programs do: written beside it, then renamed. */
  const put = async (content: string) => {
    await writeFile(`${path}.new`, content);
    await rename(`${path}.new`, path);
  };
  const shownLid = async () => (await stage.shown()).lid as string;
  const reports = (): SourceReport[] => stage.service.running.application.nest.get(LicenseSources).reports();
  const states = () => reports().map(({ source, state, code }) => [source, state, code ?? null]);
  const settled = async (expected: ReturnType<typeof states>) =>
    until(() => JSON.stringify(states()) === JSON.stringify(expected));

  const AROUND = [
    ['nothing', '', ''],
    ['a line end', '', '\n'],
    ['two line ends', '', '\n\n'],
    ['a byte order mark and CRLF', '\ufeff', '\r\n'],
    ['a byte order mark and white space', '\ufeff\t ', ' \r\n \r\n'],
    ['more white space than a token can have bytes', '\r\n', ' '.repeat(20_000)],
  ] as const;

  it.each(AROUND)('counts from a file with %s around it', async (_, before, behind) => {
    const lid = newLid();
    await put(`${before}${stage.issuer.token({ lid })}${behind}`);
    await restart();
    expect(await stage.verdict()).toEqual([true, 1]);
    expect(await shownLid()).toBe(lid);
  });

  it.each(AROUND)('counts from a text with %s around it', async (_, before, behind) => {
    const lid = newLid();
    await restart({ LICENSE_TEXT: `${before}${stage.issuer.token({ lid })}${behind}` });
    expect(await stage.verdict()).toEqual([true, 1]);
    expect(await shownLid()).toBe(lid);
  });

  it.each<[string, string, (token: string) => string | Buffer]>([
    ['a NUL behind it', 'white space or an invisible character', (token) => `${token}\0`],
    ['padding', 'padding', (token) => `${token}=`],
    ['lines', 'wrapped over several lines', (token) => token.replace(/.{64}/g, '$&\n')],
    ['quotes', 'in quotes', (token) => `"${token}"\n`],
    ['JSON around it', 'JSON around it', (token) => JSON.stringify({ token }, null, 2)],
    ['"Bearer "', 'Bearer', (token) => `Bearer ${token}`],
    ['base64 once more', 'base64 once more', (token) => Buffer.from(token).toString('base64')],
    ['UTF-16', 'UTF-16', (token) => Buffer.from(`\ufeff${token}\r\n`, 'utf16le')],
  ])('is refused from a file with %s, and the report says %j', async (_, found, spoil) => {
    await writeFile(path, spoil(stage.issuer.token()));
    await restart();
    expect(await stage.verdict()).toEqual([false, 3]);
    expect(states()).toEqual([['file', 'broken', 'license.invalid']]);
    expect(reports()[0]?.reason).toContain(found);
  });

  it('that is old does not shadow the stored one, and is reported as stale', async () => {
    const lid = newLid();
    await stage.install({ lid, iat: now() - 10, jti: 'new' });
    await put(stage.issuer.token({ lid, iat: now() - 100, jti: 'old' }));
    await restart();
    expect((await stage.shown()).jti).toBe('new');
    expect(states()).toEqual([
      ['database', 'used', null],
      ['file', 'stale', null],
    ]);
  });

  it('that is fresher than the stored one counts, and the stored one is reported as stale', async () => {
    const lid = newLid();
    await stage.install({ lid, iat: now() - 100, jti: 'old' });
    await put(stage.issuer.token({ lid, iat: now() - 10, jti: 'new' }));
    await restart();
    expect((await stage.shown()).jti).toBe('new');
    expect(states()).toEqual([
      ['file', 'used', null],
      ['database', 'stale', null],
    ]);
  });

  it('that has expired gives way to an older one that is valid', async () => {
    await stage.install({ lid: newLid(), iat: now() - 100, jti: 'stored' });
    await put(stage.issuer.token({ lid: newLid(), iat: now() - 10, exp: now() + 5 }));
    await restart();
    expect((await stage.shown()).jti).not.toBe('stored');
    stage.service.clock.advance(10_000);
    expect((await stage.shown()).jti).toBe('stored');
    expect(await stage.verdict()).toEqual([true, 1]);
  });

  it('that is new in the file counts without a restart', async () => {
    await put(stage.issuer.token({ lid: 'first', iat: now() - 100 }));
    await restart();
    expect(await shownLid()).toBe('first');
    await put(stage.issuer.token({ lid: 'second', iat: now() - 50 }));
    await until(async () => (await shownLid()) === 'second');
    await writeFile(path, stage.issuer.token({ lid: 'third', iat: now() - 20 }));
    await until(async () => (await shownLid()) === 'third');
  });

  it('that appears after the start counts without a restart', async () => {
    await restart();
    expect(await stage.verdict()).toEqual([false, 4]);
    expect(states()).toEqual([['file', 'broken', 'unreadable']]);
    await put(stage.issuer.token());
    await until(async () => (await stage.verdict())[0]);
  });

  it("is seen through Kubernetes' links when they are turned", async () => {
    for (const [name, lid] of [
      ['..1', 'first'],
      ['..2', 'second'],
    ] as const) {
      await mkdir(join(directory, name));
      const iat = now() - (lid === 'first' ? 100 : 50);
      await writeFile(join(directory, name, 'license.jwt'), stage.issuer.token({ lid, iat }));
    }
    await symlink('..1', join(directory, '..data'));
    await symlink(join('..data', 'license.jwt'), path);
    await restart();
    expect(await shownLid()).toBe('first');
    await symlink('..2', join(directory, '..tmp'));
    await rename(join(directory, '..tmp'), join(directory, '..data'));
    await rm(join(directory, '..1'), { recursive: true });
    await until(async () => (await shownLid()) === 'second');
  });

  it.each<[string, string, () => Promise<void>]>([
    ['is emptied', 'license.invalid', () => writeFile(path, '')],
    ['is cut', 'license.untrusted', () => put(stage.issuer.token().slice(0, -30))],
    ['is no token', 'license.invalid', () => put('<html>')],
    ['is huge', 'unreadable', () => put('a'.repeat(1024 * 1024))],
    ['is removed', 'unreadable', () => rm(path)],
    ['becomes a directory', 'unreadable', () => rm(path).then(async () => void (await mkdir(path)))],
  ])('stays what it was when the file %s', async (_, code, harm) => {
    const lid = newLid();
    await put(stage.issuer.token({ lid }));
    await restart();
    await harm();
    await settled([
      ['file', 'used', null],
      ['file', 'broken', code],
    ]);
    expect(await stage.verdict()).toEqual([true, 1]);
    expect(await shownLid()).toBe(lid);
  });

  it('stays what it was when the file says one that is not valid, until it says a valid one', async () => {
    await put(stage.issuer.token({ lid: 'good', iat: now() - 100 }));
    await restart();
    await put(stage.issuer.token({ lid: 'foreign', sub: 'https://other.example.com/', iat: now() - 50 }));
    await settled([
      ['file', 'used', null],
      ['file', 'invalid', 'license.subject-mismatch'],
    ]);
    expect(await shownLid()).toBe('good');
    await put(stage.issuer.token({ lid: 'older', iat: now() - 200 }));
    await until(async () => (await shownLid()) === 'older');
    expect(states()).toEqual([['file', 'used', null]]);
  });

  it('of the next term takes over at its nbf, and the present one lasts until then', async () => {
    await put(stage.issuer.token({ lid: 'present', iat: now() - 100 }));
    await restart();
    await put(stage.issuer.token({ lid: 'next', iat: now() - 50, nbf: now() + 3600 }));
    await settled([
      ['file', 'used', null],
      ['file', 'invalid', 'license.not-active'],
    ]);
    expect([await shownLid(), ...(await stage.verdict())]).toEqual(['present', true, 1]);
    stage.service.clock.advance(3600_000);
    expect([await shownLid(), ...(await stage.verdict())]).toEqual(['next', true, 1]);
  });

  it('that has just begun to count stays when the file breaks before the next look', async () => {
    const start = now();
    const lid = newLid();
    await restart();
    await put(stage.issuer.token({ lid, iat: start - 100, nbf: start + 3600 }));
    // A look has just been taken: the next one is nearly a second away.
    await until(() => states().some(([, state]) => state === 'invalid'));
    stage.service.clock.hold((start + 3590) * 1000);
    expect((await stage.service.get(CHECK)).body).toBe(true);
    await writeFile(path, 'garbage');
    await until(() => states().some(([, state]) => state === 'broken'));
    expect([await shownLid(), ...(await stage.verdict())]).toEqual([lid, true, 1]);
  });

  it('that only a clock that is ahead found valid takes nothing away from the one before', async () => {
    await put(stage.issuer.token({ lid: 'present', iat: now() - 100 }));
    await restart();
    const nbf = now() + 30 * 86_400;
    await put(
      stage.issuer.token({ lid: 'next', iat: now() - 50, nbf, exp: nbf + 86_400, lexp: nbf + 86_400 }),
    );
    await until(() => states().some(([, state]) => state === 'invalid'));
    stage.service.clock.set((nbf + 60) * 1000);
    const snapshots = stage.service.running.application.nest.get(SnapshotService);
    await until(async () => (await shownLid()) === 'next');
    // Longer than it takes to look.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(snapshots.current?.local[0]?.licenses).toHaveLength(2);
    stage.service.clock.set(Date.now());
    expect([await shownLid(), ...(await stage.verdict())]).toEqual(['present', true, 1]);
    await writeFile(path, 'garbage');
    await until(() => states().some(([, state]) => state === 'broken'));
    expect([await shownLid(), ...(await stage.verdict())]).toEqual(['present', true, 1]);
  });

  it('is read-only for the API: a removal takes the stored license alone', async () => {
    await put(stage.issuer.token({ lid: 'of the file', iat: now() - 100 }));
    await restart();
    await stage.install({ lid: 'stored', iat: now() - 10 });
    expect(await shownLid()).toBe('stored');
    expect((await stage.service.delete(TOKEN, { instance: INSTANCE })).status).toBe(202);
    expect([await shownLid(), ...(await stage.verdict())]).toEqual(['of the file', true, 1]);
  });

  it('is renewed into the database, whose newer token then counts', async () => {
    const lid = newLid();
    const iat = now() - 100;
    const token = stage.issuer.token({ lid, iat });
    await put(token);
    await restart();
    const renewed = await stage.renew();
    expect(renewed.body).toMatchObject({ status: 1, lid, iat: iat + 1 });
    expect(stage.issuer.renewals.at(-1)?.headers.authorization).toBe(`Bearer ${token}`);
    expect(await stage.license()).toMatchObject({ lid, iat: String(iat + 1) });
    expect(await stage.shown()).toEqual(renewed.body);
    expect(states()).toEqual([
      ['database', 'used', null],
      ['file', 'stale', null],
    ]);
    expect((await stage.renew()).body).toMatchObject({ status: 1, lid, iat: iat + 2 });
  });

  it('is what is renewed where it is fresher than the stored one', async () => {
    const iat = now() - 100;
    await stage.install({ lid: 'stored', iat: iat - 100 });
    await put(stage.issuer.token({ lid: 'of the file', iat }));
    await restart();
    expect((await stage.renew()).body).toMatchObject({ lid: 'of the file', iat: iat + 1 });
    expect(await shownLid()).toBe('of the file');
  });

  it('takes nothing away, by a renewal, from what was uploaded meanwhile', async () => {
    const iat = now() - 100;
    await stage.install({ lid: 'stored', iat: iat - 100 });
    await put(stage.issuer.token({ lid: 'of the file', iat }));
    await restart();
    const held = stage.issuer.holdRenewals();
    const renewal = stage.renew();
    await held.arrived;
    await stage.install({ lid: 'stored', jti: 'uploaded', iat: iat + 50 });
    const row = await stage.row();
    held.release();
    expect(outcome(await renewal)).toEqual([409, 'license.changed']);
    expect(await stage.row()).toBe(row);
    expect(await stage.shown()).toMatchObject({ lid: 'stored', jti: 'uploaded', status: 1 });
  });

  it('takes nothing away, by a renewal, from what was uploaded meanwhile and cannot be read here', async () => {
    await put(stage.issuer.token({ lid: 'of the file' }));
    await restart();
    const held = stage.issuer.holdRenewals();
    const renewal = stage.renew();
    await held.arrived;
    await stage.install({ lid: 'uploaded' });
    await stage.breakStored();
    const row = await stage.row();
    held.release();
    expect(outcome(await renewal)).toEqual([409, 'license.changed']);
    expect(await stage.row()).toBe(row);
  });

  it('is renewed also where a license of the next term is queued meanwhile', async () => {
    await put(stage.issuer.token({ lid: 'of the file' }));
    await restart();
    const held = stage.issuer.holdRenewals();
    const renewal = stage.renew();
    await held.arrived;
    const nbf = now() + 86_400;
    const next = stage.issuer.token({ lid: 'next', nbf, exp: nbf + 86_400, lexp: nbf + 864_000 });
    expect((await stage.service.post(TOKEN, { token: next, queue: true })).status).toBe(200);
    held.release();
    expect((await renewal).body).toMatchObject({ lid: 'of the file', status: 1 });
  });

  it('is not what is renewed after a jump of the clock, where another one counts', async () => {
    const DAY = 86_400;
    await put(stage.issuer.token({ lid: 'of the file', iat: now() - 3 * DAY, exp: now() + 30 * DAY }));
    await restart();
    stage.service.clock.set(Date.now() + 3_600_000);
    // Made by the time after the jump, so not yet by the time before it.
    await stage.install({ lid: 'uploaded', iat: stage.now, exp: stage.now + 30 * DAY });
    expect((await stage.renew()).body).toMatchObject({ lid: 'uploaded', status: 1 });
    expect(await stage.shown()).toMatchObject({ lid: 'uploaded', status: 1 });
  });

  it('of the next term is not put there, by a renewal, by a clock that is ahead for a while', async () => {
    const DAY = 86_400;
    const nbf = now() + 5 * DAY;
    await stage.install({ lid: 'stored' });
    await put(stage.issuer.token({ lid: 'of the file', nbf, exp: nbf + 30 * DAY, lexp: nbf + 365 * DAY }));
    await restart();
    const row = await stage.row();
    stage.service.clock.set((nbf + DAY) * 1_000);
    await until(async () => (await shownLid()) === 'of the file');
    expect(outcome(await stage.renew())).toEqual([502, 'issuer.bad-response']);
    expect(await stage.row()).toBe(row);
  });

  it('is not stored by a renewal after a removal that came meanwhile', async () => {
    await put(stage.issuer.token());
    await restart();
    const held = stage.issuer.holdRenewals();
    const renewal = stage.renew();
    await held.arrived;
    expect((await stage.service.delete(TOKEN, { instance: INSTANCE })).status).toBe(202);
    held.release();
    expect(outcome(await renewal)).toEqual([409, 'license.changed']);
    expect((await stage.license()).token).toBeNull();
    expect(await stage.verdict()).toEqual([true, 1]);
  });

  it('is revoked by a signed statement like a stored one, over restarts too', async () => {
    const lid = newLid();
    await put(stage.issuer.token({ lid }));
    await restart();
    const statement = stage.issuer.statement({ lid });
    stage.issuer.answerRenewals({ status: 410, body: { code: 'license_revoked', statement } });
    expect(outcome(await stage.renew())).toEqual([502, 'issuer.refused']);
    expect(await stage.verdict()).toEqual([false, 3]);
    await restart();
    expect(await stage.verdict()).toEqual([false, 3]);
    stage.issuer.answerRenewals();
  });

  it('outlasts the key that signed it, over restarts too', async () => {
    const lid = newLid();
    await put(stage.issuer.token({ lid }));
    await restart();
    await until(async () => (await stage.query('SELECT 1 FROM license_key')).length > 0);
    stage.issuer.rotate(false);
    await restart();
    expect(await stage.verdict()).toEqual([true, 1]);
    await put(stage.issuer.token({ lid, iat: now() - 5 }));
    await until(async () => (await stage.shown()).iat > now() - 30);
  });

  it('has its key stored again after a backup was restored that lacks it', async () => {
    await put(stage.issuer.token());
    await restart();
    const stored = async () => (await stage.query('SELECT 1 FROM license_key')).length > 0;
    await until(stored);
    await stage.change('DELETE FROM license_key');
    stage.service.clock.advance(61_000);
    await until(stored);
  });

  it('counts at a start with the issuer away, once it was verified', async () => {
    await put(stage.issuer.token());
    await restart();
    await until(async () => (await stage.query('SELECT 1 FROM license_key')).length > 0);
    await stage.change('DELETE FROM key_set');
    await stage.issuer.stop();
    try {
      await restart();
      expect(await stage.verdict()).toEqual([true, 1]);
    } finally {
      await stage.issuer.startAgain();
    }
  });

  it('that was never verified waits for the keys, and counts as soon as they are there', async () => {
    // First, so that the running service stores no key set again.
    stage.issuer.answerKeySet({ status: 503 });
    await stage.change('DELETE FROM license_key');
    await stage.change('DELETE FROM key_set');
    await put(stage.issuer.token());
    await restart();
    expect(await stage.verdict()).toEqual([false, 2]);
    expect(states()).toEqual([['file', 'broken', 'issuer.unavailable']]);
    stage.issuer.answerKeySet();
    await until(async () => (await stage.verdict())[0]);
  });

  it('is no longer active when the operator takes its key out of the file of keys', async () => {
    const keys = join(directory, 'keys.json');
    const other = stage.issuer.key;
    await writeFile(keys, JSON.stringify({ keys: [other.jwk] }));
    await put(stage.issuer.token());
    await restart({ LICENSE_PATH: path, ISSUER_JWKS_PATH: keys });
    await until(async () => (await stage.verdict())[0]);
    await writeFile(keys, JSON.stringify({ keys: [stage.issuer.rotate(true).jwk] }));
    // Unknown keys have the file of keys read again.
    stage.service.clock.advance(60_000);
    await stage.upload(stage.issuer.token());
    await until(async () => states().some(([source, state]) => source === 'file' && state === 'broken'));
    await until(async () => !states().some(([source, state]) => source === 'file' && state === 'used'));
  });

  it('counts no more either where its file is gone when the operator takes its key out', async () => {
    const keys = join(directory, 'keys.json');
    await writeFile(keys, JSON.stringify({ keys: [stage.issuer.key.jwk] }));
    await put(stage.issuer.token());
    await restart({ LICENSE_PATH: path, ISSUER_JWKS_PATH: keys });
    await until(async () => (await stage.verdict())[0]);
    await rm(path);
    await until(() => states().some(([, state]) => state === 'broken'));
    expect(await stage.verdict()).toEqual([true, 1]);
    await writeFile(keys, JSON.stringify({ keys: [stage.issuer.rotate(true).jwk] }));
    stage.service.clock.advance(60_000);
    await stage.upload(stage.issuer.token({ exp: now() - 1 }));
    await until(async () => !(await stage.verdict())[0]);
  });

  it('of an upload that is older than the file counts by itself, and is kept', async () => {
    const lid = newLid();
    await put(stage.issuer.token({ lid, iat: now() - 10, jti: 'of the file' }));
    await restart();
    const reply = await stage.upload(stage.issuer.token({ lid, iat: now() - 100, jti: 'uploaded' }));
    expect(reply.body).toMatchObject({ status: 1, jti: 'uploaded' });
    expect((await stage.shown()).jti).toBe('of the file');
  });
});
