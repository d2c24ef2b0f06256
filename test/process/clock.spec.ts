import { embeddedDatabase } from '../support/database.js';
import { DAY, describeWithFakedClock, FakedClockStage } from '../support/faked-clock-stage.js';
import { until } from '../e2e/licensing/stage.js';

describeWithFakedClock('a clock that is set, by libfaketime where it is installed', () => {
  let stage: FakedClockStage;

  beforeEach(async () => {
    stage = await FakedClockStage.open(await embeddedDatabase());
  });

  afterEach(async () => {
    await stage.close();
  });

  it('jumps far ahead and back, and nothing is lost', async () => {
    await stage.install(stage.issuer.token({ exp: stage.now + DAY }));
    await stage.setAhead(400 * DAY);
    await until(async () => (await stage.check()) === 'false');
    await stage.service.said('the clock was set');
    // Longer than it takes to write down that a license has expired.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await stage.setAhead(0);
    await until(async () => (await stage.check()) === 'true');
    await stage.restart(0);
    expect(await stage.check()).toBe('true');
    expect((await stage.service.call('POST', '/api/licensing/token/renew', {})).status).toBe(200);
  });

  it('is set back after a license has expired, live and over a restart, and makes nothing valid', async () => {
    await stage.install(stage.issuer.token({ lid: 'short', exp: stage.now + 3 }));
    expect(await stage.check()).toBe('true');
    await stage.service.said('a license has expired');
    expect(await stage.check()).toBe('false');
    await stage.setAhead(-DAY);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await stage.check()).toBe('false');
    await stage.restart(-DAY);
    expect(await stage.check()).toBe('false');
    expect(await stage.status()).toBe(5);
    // A new token is another matter: the clock does not decide it.
    await stage.install(
      stage.issuer.token({ lid: 'short', jti: 'new', iat: stage.now - DAY, exp: stage.now + DAY }),
    );
    expect(await stage.check()).toBe('true');
  });

  it('is set back after it was set ahead and right again, and what expired in between stays expired', async () => {
    await stage.install(stage.issuer.token({ lid: 'short', exp: stage.now + 20 }));
    // A jump that is over before anybody has looked is none.
    const jumps = () => stage.service.output.split('the clock was set').length - 1;
    await stage.setAhead(DAY);
    await until(() => jumps() === 1);
    expect(await stage.check()).toBe('false');
    await stage.setAhead(0);
    await until(() => jumps() === 2);
    expect(await stage.check()).toBe('true');
    await stage.service.said('a license has expired');
    await stage.setAhead(-DAY / 2);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await stage.check()).toBe('false');
    expect(await stage.status()).toBe(5);
  });

  it('is set back, and the same token is active again once it is installed again', async () => {
    const token = stage.issuer.token({ lid: 'short', iat: stage.now - 2 * DAY, exp: stage.now + 3 });
    await stage.install(token);
    await stage.service.said('a license has expired');
    await stage.setAhead(-DAY);
    await until(async () => stage.service.output.includes('the clock was set'));
    expect(await stage.check()).toBe('false');
    await stage.install(token);
    expect(await stage.check()).toBe('true');
  });
});
