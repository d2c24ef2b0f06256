import { Logger } from '@nestjs/common';
import { FailedAttempts, type Origin } from '../../src/access/failed-attempts.js';
import { createServiceAccountToken } from '../../src/access/service-account-token.js';
import { ServiceError } from '../../src/domain/service-error.js';
import { AccessStage, tokenOf } from './access-stage.js';

const from = (client: string): Origin => ({ client, fromUnnamedProxy: false });
const HERE = from('203.0.113.1');
const ELSEWHERE = from('203.0.113.2');

let stage: AccessStage;
let warnings: Readonly<Record<string, unknown>>[];

beforeAll(async () => {
  stage = await AccessStage.open();
});

afterAll(async () => {
  Logger.overrideLogger(false);
  await stage.close();
});

beforeEach(() => {
  warnings = [];
  const ignore = () => undefined;
  Logger.overrideLogger({ log: ignore, error: ignore, warn: (line: never) => warnings.push(line) });
});

const failuresWith = (failuresPerMinute: number, allFailuresPerMinute: number) =>
  new FailedAttempts(
    stage.clock,
    { failuresPerMinute, allFailuresPerMinute } as ConstructorParameters<typeof FailedAttempts>[1],
    stage.snapshots,
  );

const isBlocked = (failures: FailedAttempts, name: string, origin: Origin) =>
  failures.blockedUntil(name, origin) !== undefined;

describe('What failed', () => {
  it('counts by client for a minute', () => {
    const failures = failuresWith(2, 100);
    expect([failures.count(HERE), failures.tooMany(HERE)]).toEqual([undefined, false]);
    expect([failures.count(HERE), failures.tooMany(HERE)]).toEqual([undefined, true]);
    expect([failures.count(ELSEWHERE), failures.tooMany(ELSEWHERE)]).toEqual([undefined, false]);
    const refusal = failures.count(HERE);
    expect(refusal).toBeInstanceOf(ServiceError);
    expect(refusal?.code).toBe('too-many-requests');
    expect(refusal?.retryAfter).toBeGreaterThan(55);
    expect(refusal?.retryAfter).toBeLessThanOrEqual(60);
    stage.clock.advance(60_000);
    expect([failures.tooMany(HERE), failures.count(HERE)]).toEqual([false, undefined]);
  });

  it('counts for all together, and the longer wait is told', () => {
    const failures = failuresWith(1, 2);
    failures.count(HERE);
    stage.clock.advance(30_000);
    failures.count(ELSEWHERE);
    expect(failures.tooMany(from('203.0.113.3'))).toBe(true);
    const both = failures.count(ELSEWHERE)?.retryAfter ?? 0;
    expect(both).toBeGreaterThan(55);
    const all = failures.count(from('203.0.113.3'))?.retryAfter ?? 0;
    expect(all).toBeGreaterThan(25);
    expect(all).toBeLessThanOrEqual(30);
  });

  it('counts a whole IPv6 network as one client', () => {
    const failures = failuresWith(1, 100);
    failures.count(from('2001:db8::1'));
    expect(failures.tooMany(from('2001:db8::ffff:1'))).toBe(true);
    expect(failures.tooMany(from('2001:db8:0:1::1'))).toBe(false);
    for (let time = 0; time < 5; time += 1) failures.wrongPassword('admin', from('2001:db8::1'));
    expect(isBlocked(failures, 'admin', from('2001:db8::2'))).toBe(true);
    failures.rightPassword('admin', from('2001:db8::3'));
    expect(isBlocked(failures, 'admin', from('2001:db8::1'))).toBe(false);
  });

  it('blocks a name of a client, not another name or client, for five minutes', () => {
    const failures = failuresWith(100, 100);
    for (let time = 0; time < 4; time += 1) failures.wrongPassword('admin', HERE);
    expect(isBlocked(failures, 'admin', HERE)).toBe(false);
    failures.wrongPassword('admin', HERE);
    expect(isBlocked(failures, 'admin', HERE)).toBe(true);
    expect(isBlocked(failures, 'other', HERE)).toBe(false);
    expect(isBlocked(failures, 'admin', ELSEWHERE)).toBe(false);
    failures.rightPassword('admin', ELSEWHERE);
    failures.rightPassword('other', HERE);
    expect(isBlocked(failures, 'admin', HERE)).toBe(true);
    stage.clock.advance(5 * 60_000 - 1_000);
    expect(isBlocked(failures, 'admin', HERE)).toBe(true);
    stage.clock.advance(1_000);
    expect(isBlocked(failures, 'admin', HERE)).toBe(false);
  });

  it('is in the log once a minute, with one of the clients', () => {
    const failures = failuresWith(1, 100);
    failures.count(HERE);
    expect(warnings).toEqual([]);
    failures.count(HERE);
    failures.count(HERE);
    failures.count(ELSEWHERE);
    failures.count(ELSEWHERE);
    expect(warnings).toEqual([{ msg: 'too many failed authentications', client: HERE.client }]);
    stage.clock.advance(60_000);
    failures.count(ELSEWHERE);
    failures.count(ELSEWHERE);
    expect(warnings.slice(1)).toEqual([{ msg: 'too many failed authentications', client: ELSEWHERE.client }]);
  });

  it('that blocks a name is in the log once: which name, from where and until when', () => {
    const failures = failuresWith(100, 100);
    stage.clock.set(Date.UTC(2030, 0, 1, 12, 0, 35));
    for (let time = 0; time < 4; time += 1) failures.wrongPassword('admin', HERE);
    expect(warnings).toEqual([]);
    failures.wrongPassword('admin', HERE);
    expect(warnings).toEqual([
      {
        msg: expect.stringMatching(/^blocked after 5 wrong passwords/),
        name: 'admin',
        client: '203.0.113.1',
        until: expect.stringMatching(/^2030-01-01T12:05:3/),
      },
    ]);
    const { until } = warnings[0] as { until: string };
    // The block lasts until then, and its end does not move.
    stage.clock.advance(60_000);
    expect(failures.blockedUntil('admin', HERE)?.slice(0, 16)).toBe(until.slice(0, 16));
    stage.clock.set(Date.now());
  });

  it('names the network that is blocked, and a proxy that nobody named as the likely reason', () => {
    const failures = failuresWith(1, 100);
    const proxied = { client: '2001:db8::1', fromUnnamedProxy: true };
    for (let time = 0; time < 5; time += 1) failures.wrongPassword('admin', proxied);
    failures.count(proxied);
    failures.count(proxied);
    expect(warnings.map(({ client, hint }) => [client, String(hint).includes('TRUST_PROXY')])).toEqual([
      ['2001:db8:0:0::/64', true],
      ['2001:db8:0:0::/64', true],
    ]);
  });

  it('is remembered for 10,000 clients and as many names, and the log says when that is not enough', () => {
    const failures = failuresWith(5, 1_000_000);
    const client = (number: number) => `10.1.${Math.floor(number / 250)}.${number % 250}`;
    const caller = (number: number) => from(client(number));
    for (let number = 0; number < 10_000; number += 1) failures.count(caller(number));
    expect(failures.remembered).toEqual({ clients: 10_000, passwords: 0 });
    expect(warnings).toEqual([]);
    failures.count(caller(10_000));
    const sentence = 'authentication fails for more clients than are remembered';
    expect(warnings).toEqual([{ msg: sentence, client: client(10_000) }]);
    expect(failures.remembered.clients).toBe(10_000);
    stage.clock.advance(60_000);
    // Those whose minute is over are no loss.
    failures.count(caller(10_001));
    expect(warnings).toHaveLength(1);
    for (let number = 0; number <= 10_000; number += 1) failures.wrongPassword(`name ${number}`, HERE);
    failures.count(caller(10_001));
    expect(warnings.slice(1)).toEqual([{ msg: sentence, client: client(10_001) }]);
    expect(failures.remembered.passwords).toBe(10_000);
  });
});

describe('A look for a token', () => {
  it('is shared by all who ask until it begins, and finds what was made before that', async () => {
    const failures = failuresWith(1, 1);
    const before = stage.snapshots.current?.version ?? NaN;
    const looks = [failures.look(), failures.look()];
    await stage.publish(createServiceAccountToken(), tokenOf(1, []));
    await Promise.all([...looks, failures.look()]);
    expect(stage.snapshots.current?.version).toBe(before + 1);
  });

  it('happens again for who asks later', async () => {
    const failures = failuresWith(1, 1);
    await failures.look();
    const before = stage.snapshots.current?.version ?? NaN;
    await stage.publish(createServiceAccountToken(), tokenOf(2, []));
    await failures.look();
    expect(stage.snapshots.current?.version).toBe(before + 1);
  });
});
