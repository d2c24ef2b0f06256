import { ClockWatch } from '../../../src/clock/clock-watch.js';
import { LicenseStatus } from '../../../src/domain/license/license.js';
import { ExpiryMarker } from '../../../src/licensing/terms/expiry-marker.js';
import { type LicensingStage, shareLicensingStage } from '../../support/licensing-stage.js';
import { newLid } from '../../support/tokens.js';

const HOUR_MS = 3_600_000;

describe('ExpiryMarker', () => {
  let stage: LicensingStage;
  shareLicensingStage((shared) => (stage = shared));

  const isMarked = async (jti: string) =>
    (await stage.query(`SELECT jti FROM license_mark WHERE jti = '${jti}'`)).length === 1;
  /** As when the clock was behind: the license is valid still, though the database's clock is past its end. */
  const installWhileBehind = async (jti: string, claims: { exp: number; lexp?: number }) => {
    stage.clock.set(Date.now() - HOUR_MS);
    await stage.install({ lid: newLid(), jti, iat: stage.now - 600, ...claims });
  };
  const [ended, later] = [
    () => Math.floor(Date.now() / 1000) - 60,
    () => Math.floor(Date.now() / 1000) + 600,
  ];

  it.each([
    ['token', () => ({ exp: ended(), lexp: later() })],
    ['license', () => ({ exp: ended(), lexp: ended() })],
  ])('writes down that a %s has expired, once both clocks say so', async (what, claims) => {
    await installWhileBehind(what, claims());
    await stage.get(ExpiryMarker).look();
    expect(await isMarked(what)).toBe(false);
    stage.clock.advance(HOUR_MS);
    await stage.get(ExpiryMarker).look();
    expect(await isMarked(what)).toBe(true);
    // From then on no clock that is set back makes it valid.
    stage.clock.set(Date.now() - HOUR_MS);
    expect(stage.state.status).toBe(LicenseStatus.Expired);
  });

  it('writes nothing down while the clock alone says so, having jumped forward', async () => {
    stage.get(ClockWatch).look();
    await installWhileBehind('jumped', { exp: ended() });
    stage.get(ClockWatch).look();
    stage.clock.set(Date.now());
    stage.get(ClockWatch).look();
    await stage.get(ExpiryMarker).look();
    expect(await isMarked('jumped')).toBe(false);
  });

  it("writes nothing down while the clock runs ahead of the database's", async () => {
    await stage.install({ lid: newLid(), jti: 'ahead', exp: later() });
    stage.clock.advance(HOUR_MS);
    await stage.get(ExpiryMarker).look();
    expect([stage.state.status, await isMarked('ahead')]).toEqual([LicenseStatus.Expired, false]);
    stage.clock.set(Date.now());
    expect(stage.state.status).toBe(LicenseStatus.Valid);
  });
});
