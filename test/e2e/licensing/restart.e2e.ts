import { newLid } from '../../support/tokens.js';
import { CHECK, outcome, shareStage, type Stage, TOKEN } from './stage.js';

const READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
const WRITER = 'fixed_gzbz3rJpQMdaKHt-E4q0PVaKMoE';
/** Where nobody is. */
const AWAY = { ISSUER_JWKS_URL: 'http://127.0.0.1:1/keys', ISSUER_RENEW_URL: 'http://127.0.0.1:1/renew' };

describe('after a restart', () => {
  let stage: Stage;

  shareStage((opened) => (stage = opened));

  it.each([
    ['with the issuer', {}],
    ['without the issuer', AWAY],
  ])('the license is what it was, %s', async (_, environment) => {
    await stage.install({ lid: newLid(), company: 'Übergröße ✓' });
    const [shown, row, records] = [await stage.shown(), await stage.row(), await stage.audit()];
    await stage.restart(environment);
    expect(await stage.verdict()).toEqual([true, 1]);
    expect(await stage.shown()).toEqual(shown);
    expect(await stage.row()).toBe(row);
    expect(await stage.audit()).toEqual(records);
  });

  it('a renewed license is the renewed one, and an older token of it is still too old', async () => {
    const token = await stage.install({ lid: newLid(), jti: 'first' });
    const { body } = await stage.renew();
    await stage.restart();
    expect(await stage.shown()).toEqual(body);
    expect(outcome(await stage.upload(token))).toEqual([409, 'license.stale']);
  });

  it('an expired license is stored, visible and expired', async () => {
    const exp = stage.now + 2;
    await stage.install({ lid: newLid(), jti: 'short', exp });
    await stage.restart();
    stage.service.clock.set((exp + 1) * 1000);
    expect(await stage.verdict()).toEqual([false, 5]);
    expect((await stage.shown()).jti).toBe('short');
  });

  it('no license is no license', async () => {
    await stage.restart();
    expect(await stage.verdict()).toEqual([false, 4]);
  });

  it('each caller may do what it could, and a revoked or deleted token nothing', async () => {
    await stage.install({ lid: newLid() });
    const [reader, writer, nobody] = [
      await stage.service.caller(READER),
      await stage.service.caller(READER, WRITER),
      await stage.service.caller(),
    ];
    const [revoked, deleted] = [await stage.service.caller(READER), await stage.service.caller(READER)];
    const tokensOf = (caller: { id: number; tokenId: number }) =>
      `/api/serviceaccounts/${caller.id}/tokens/${caller.tokenId}`;
    await stage.service.call('PATCH', tokensOf(revoked), { body: { isRevoked: true } });
    await stage.service.delete(tokensOf(deleted));

    const outcomes = async () => {
      const seen = [];
      for (const { token } of [reader, writer, nobody, revoked, deleted]) {
        seen.push(outcome(await stage.service.get(CHECK, { token })));
        seen.push(outcome(await stage.service.post(TOKEN, { token: 'no-token' }, { token })));
      }
      return seen;
    };
    const before = await outcomes();
    expect(before).toEqual([
      [200, undefined],
      [403, undefined],
      [200, undefined],
      [400, 'license.invalid'],
      [403, undefined],
      [403, undefined],
      [401, 'api-key.revoked'],
      [401, 'api-key.revoked'],
      [401, 'api-key.invalid'],
      [401, 'api-key.invalid'],
    ]);
    await stage.restart();
    expect(await outcomes()).toEqual(before);
  });

  it('in the middle of a renewal the license is what it was, and the next renewal goes on with the attempt', async () => {
    await stage.install({ lid: newLid() });
    const [shown, row] = [await stage.shown(), await stage.row()];
    const seen = stage.issuer.renewals.length;
    stage.issuer.answerRenewals((_request, response) => response.destroy());
    expect(outcome(await stage.renew())).toEqual([503, 'issuer.unavailable']);
    await stage.restart();
    expect(await stage.shown()).toEqual(shown);
    expect(await stage.row()).toBe(row);
    stage.issuer.answerRenewals();
    expect((await stage.renew()).status).toBe(200);
    const [first, second] = stage.issuer.renewals
      .slice(seen)
      .map(({ headers }) => headers['idempotency-key']);
    expect(second).toBe(first);
  });

  it('a renewal that was under way when the service was told to end is finished first', async () => {
    await stage.install({ lid: newLid() });
    const held = stage.issuer.holdRenewals();
    const renewal = stage.renew();
    await held.arrived;
    const restarted = stage.restart();
    held.release();
    const reply = await renewal;
    expect(reply.status).toBe(200);
    await restarted;
    expect(await stage.shown()).toEqual(reply.body);
  });
});
