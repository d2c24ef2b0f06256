import { createLogger } from '../../../src/http/logger.js';
import type { Overrides } from '../../support/tokens.js';
import { newLid } from '../../support/tokens.js';
import { outcome, shareStage, Stage, TOKEN, until } from './stage.js';

const DAY = 86_400;
const WRITER = 'fixed_gzbz3rJpQMdaKHt-E4q0PVaKMoE';

interface Row {
  readonly change: string;
  readonly lid: string | null;
  readonly reason: string | null;
}

describe('The end of a license that waits', () => {
  let stage: Stage;

  shareStage((opened) => (stage = opened));

  const next = (claims: Overrides = {}): Overrides => {
    const nbf = stage.now + 5 * DAY;
    return { lid: newLid(), jti: 'next', nbf, exp: nbf + 30 * DAY, lexp: nbf + 365 * DAY, ...claims };
  };
  const queue = async (claims: Overrides, sent = {}) => {
    const token = stage.issuer.token(claims);
    const reply = await stage.service.post(TOKEN, { token, queue: true }, sent);
    expect(reply.status).toBe(200);
    return token;
  };
  const remove = async () => stage.service.delete(TOKEN, { instance: 'http://localhost:3000/' });
  const past = async () => (await stage.service.get(`${TOKEN}/history`)).body;
  const newest = async (count: number): Promise<Row[]> => (await past()).changes.slice(0, count);
  const rows = async (count: number) =>
    (await newest(count)).map(({ change, lid, reason }) => [change, lid, reason]);

  it('has a record with who ended it, which license it was, and why', async () => {
    const claims = next();
    await queue(claims);
    const writer = await stage.service.caller(WRITER);
    const other = next();
    await queue(other, { token: writer.token, headers: { 'X-Request-Id': 'the-second' } });
    const { lid, nbf, exp, lexp } = claims;
    const by = { actor: `service-account:${writer.id}`, requestId: 'the-second' };
    expect(await newest(3)).toMatchObject([
      { ...by, change: 'queue', lid: other.lid, nbf: other.nbf, reason: null },
      { ...by, change: 'dequeue', lid, jti: 'next', nbf, exp, lexp, reason: 'replaced' },
      { change: 'queue', lid, jti: 'next', nbf, reason: null },
    ]);
    expect((await stage.audit()).at(-2)).toMatchObject({
      action: 'license.dequeue',
      target: `license:${lid as string}`,
      detail: { jti: 'next', nbf, exp, lexp, reason: 'replaced' },
      request_id: 'the-second',
    });
  });

  it('is a removal', async () => {
    const claims = next();
    await stage.install({ lid: 'now' });
    await queue(claims);
    expect((await remove()).status).toBe(202);
    expect(await rows(2)).toEqual([
      ['remove', 'now', null],
      ['dequeue', claims.lid, 'removed'],
    ]);
  });

  it('is a removal where no other license is stored', async () => {
    const claims = next();
    await queue(claims);
    expect((await remove()).status).toBe(202);
    expect(await rows(3)).toEqual([
      ['remove', null, null],
      ['dequeue', claims.lid, 'removed'],
      ['queue', claims.lid, null],
    ]);
  });

  it('is its installation by hand in its term', async () => {
    const claims = next();
    const token = await queue(claims);
    stage.service.clock.hold((claims.nbf as number) * 1000);
    expect((await stage.upload(token)).status).toBe(200);
    expect(await past()).toMatchObject({ current: { lid: claims.lid }, queued: null });
    expect(await rows(2)).toEqual([
      ['install', claims.lid, null],
      ['dequeue', claims.lid, 'installed'],
    ]);
  });

  it('is its takeover, which has its own record', async () => {
    await stage.restart();
    const claims = next({ nbf: stage.now + 2 });
    await queue(claims);
    await until(async () => (await past()).queued === null);
    expect(await rows(2)).toEqual([
      ['promote', claims.lid, null],
      ['queue', claims.lid, null],
    ]);
  });

  /** A license that was revoked before its term began waits beside the stored one for good. */
  const revoked = async () => {
    await stage.install({ lid: 'now', jti: 'one', iat: stage.now - 100 });
    await stage.install({ lid: 'now', jti: 'two', iat: stage.now - 90 });
    await stage.restart();
    const claims = next({ nbf: stage.now + 4 });
    await queue(claims);
    await stage.change(
      `INSERT INTO license_revocation (iss, lid, iat, statement, received_at)
       SELECT iss, '${claims.lid as string}', ${stage.now}, 'statement', now() FROM license;
       UPDATE license SET revision = revision + 1, generation = generation + 1;
       UPDATE snapshot_version SET version = version + 1`,
    );
    await until(() => stage.now > (claims.nbf as number));
    expect((await past()).queued).toMatchObject({ lid: claims.lid });
    return claims.lid;
  };

  it.each<[string, string, string, () => Promise<{ status: number }>]>([
    ['an upload', 'install', 'other', async () => stage.upload(stage.issuer.token({ lid: 'other' }))],
    ['a renewal', 'renew', 'now', async () => stage.renew()],
    ['a rollback', 'rollback', 'now', async () => stage.service.post(`${TOKEN}/rollback`, {})],
  ])('is %s after its term began without a takeover', async (_, change, lid, act) => {
    const waiting = await revoked();
    expect((await act()).status).toBe(200);
    expect((await past()).queued).toBeNull();
    expect(await rows(2)).toEqual([
      [change, lid, null],
      ['dequeue', waiting, 'passed-by'],
    ]);
  });

  it('is recorded without an identity where it does not verify any more', async () => {
    await queue(next());
    await stage.change(
      `UPDATE license SET queued_token = queued_token || 'A', revision = revision + 1 WHERE id = 1;
       UPDATE snapshot_version SET version = version + 1`,
    );
    const claims = next();
    await queue(claims);
    expect(await newest(2)).toMatchObject([
      { change: 'queue', lid: claims.lid },
      { change: 'dequeue', lid: null, jti: null, nbf: null, reason: 'replaced' },
    ]);
  });

  it('does not come by uploads that leave it waiting', async () => {
    const claims = next({ iat: stage.now - 10 });
    const token = await queue(claims);
    const records = await stage.audit();
    expect((await stage.service.post(TOKEN, { token, queue: true })).status).toBe(200);
    const older = stage.issuer.token({ ...claims, jti: 'older', iat: stage.now - 20 });
    expect(outcome(await stage.service.post(TOKEN, { token: older, queue: true }))).toEqual([
      409,
      'license.stale',
    ]);
    expect(await stage.audit()).toEqual(records);
    await stage.install({ lid: 'now' });
    expect((await stage.audit()).slice(records.length)).toMatchObject([{ action: 'license.install' }]);
  });

  it.each<[string, () => Promise<{ status: number }>]>([
    [
      'another upload',
      async () => stage.service.post(TOKEN, { token: stage.issuer.token(next()), queue: true }),
    ],
    ['a removal', remove],
  ])('does not come by %s whose record cannot be written', async (_, act) => {
    await stage.install({ lid: 'now' });
    await queue(next());
    const [row, records] = [await stage.row(), await stage.audit()];
    await stage.change(
      `ALTER TABLE audit_event ADD CONSTRAINT no_ends CHECK (action <> 'license.dequeue') NOT VALID`,
    );
    try {
      expect((await act()).status).toBe(500);
      expect(await stage.row()).toBe(row);
      expect(await stage.audit()).toEqual(records);
    } finally {
      await stage.change('ALTER TABLE audit_event DROP CONSTRAINT no_ends');
    }
  });
});

describe('The log of a license that waits', () => {
  const lines: Readonly<Record<string, unknown>>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]);
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open();
    await stage.restart({}, createLogger('info', { write }));
  });

  afterAll(() => stage.close());

  it('says once, and until when', async () => {
    const [nbf, exp] = [1_893_456_000, 1_924_992_000];
    const token = stage.issuer.token({ lid: 'later', jti: 'j', nbf, exp, lexp: exp });
    const headers = { 'X-Request-Id': 'the-upload' };
    for (let times = 0; times < 2; times++)
      expect((await stage.service.post(TOKEN, { token, queue: true }, { headers })).status).toBe(200);
    const found = () => lines.filter(({ action }) => action === 'license.queue');
    await until(() => found().length > 0);
    expect(found()).toMatchObject([
      {
        msg: 'the license waits for its term to begin',
        lid: 'later',
        jti: 'j',
        until: '2030-01-01T00:00:00Z',
        caller: 'bootstrap',
        requestId: 'the-upload',
      },
    ]);
  });
});
