import { Logger } from '@nestjs/common';
import { FailedAttempts } from '../../src/access/failed-attempts.js';
import { createServiceAccountToken } from '../../src/access/service-account-token.js';
import { ServiceError } from '../../src/domain/service-error.js';
import { AccessStage, tokenOf } from './access-stage.js';

const HERE = '203.0.113.1';
const ELSEWHERE = '203.0.113.2';

let stage: AccessStage;
let warnings: { readonly msg: string; readonly client: string }[];

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
    expect(failures.tooMany('203.0.113.3')).toBe(true);
    const both = failures.count(ELSEWHERE)?.retryAfter ?? 0;
    expect(both).toBeGreaterThan(55);
    const all = failures.count('203.0.113.3')?.retryAfter ?? 0;
    expect(all).toBeGreaterThan(25);
    expect(all).toBeLessThanOrEqual(30);
  });

  it('counts a whole IPv6 network as one client', () => {
    const failures = failuresWith(1, 100);
    failures.count('2001:db8::1');
    expect(failures.tooMany('2001:db8::ffff:1')).toBe(true);
    expect(failures.tooMany('2001:db8:0:1::1')).toBe(false);
    for (let time = 0; time < 5; time += 1) failures.wrongPassword('admin', '2001:db8::1');
    expect(failures.blocked('admin', '2001:db8::2')).toBe(true);
    failures.rightPassword('admin', '2001:db8::3');
    expect(failures.blocked('admin', '2001:db8::1')).toBe(false);
  });

  it('blocks a name of a client, not another name or client, for five minutes', () => {
    const failures = failuresWith(100, 100);
    for (let time = 0; time < 4; time += 1) failures.wrongPassword('admin', HERE);
    expect(failures.blocked('admin', HERE)).toBe(false);
    failures.wrongPassword('admin', HERE);
    expect(failures.blocked('admin', HERE)).toBe(true);
    expect(failures.blocked('other', HERE)).toBe(false);
    expect(failures.blocked('admin', ELSEWHERE)).toBe(false);
    failures.rightPassword('admin', ELSEWHERE);
    failures.rightPassword('other', HERE);
    expect(failures.blocked('admin', HERE)).toBe(true);
    stage.clock.advance(5 * 60_000 - 1_000);
    expect(failures.blocked('admin', HERE)).toBe(true);
    stage.clock.advance(1_000);
    expect(failures.blocked('admin', HERE)).toBe(false);
  });

  it('is in the log once a minute, with one of the clients', () => {
    const failures = failuresWith(1, 100);
    failures.count(HERE);
    expect(warnings).toEqual([]);
    failures.count(HERE);
    failures.count(HERE);
    failures.count(ELSEWHERE);
    failures.count(ELSEWHERE);
    expect(warnings).toEqual([{ msg: 'too many failed authentications', client: HERE }]);
    stage.clock.advance(60_000);
    failures.count(ELSEWHERE);
    failures.count(ELSEWHERE);
    expect(warnings.slice(1)).toEqual([{ msg: 'too many failed authentications', client: ELSEWHERE }]);
  });

  it('is remembered for 10,000 clients and as many names, and the log says when that is not enough', () => {
    const failures = failuresWith(5, 1_000_000);
    const client = (number: number) => `10.1.${Math.floor(number / 250)}.${number % 250}`;
    for (let number = 0; number < 10_000; number += 1) failures.count(client(number));
    expect(failures.remembered).toEqual({ clients: 10_000, passwords: 0 });
    expect(warnings).toEqual([]);
    failures.count(client(10_000));
    const sentence = 'authentication fails for more clients than are remembered';
    expect(warnings).toEqual([{ msg: sentence, client: client(10_000) }]);
    expect(failures.remembered.clients).toBe(10_000);
    stage.clock.advance(60_000);
    // Those whose minute is over are no loss.
    failures.count(client(10_001));
    expect(warnings).toHaveLength(1);
    for (let number = 0; number <= 10_000; number += 1) failures.wrongPassword(`name ${number}`, HERE);
    failures.count(client(10_001));
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
