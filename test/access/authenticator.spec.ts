import { Authenticator } from '../../src/access/authenticator.js';
import { LastUses } from '../../src/access/last-uses.js';
import { ACTIONS } from '../../src/domain/actions.js';
import { createServiceAccountToken } from '../../src/access/service-account-token.js';
import { loadServiceConfig } from '../../src/config/service-config.js';
import { hashPassword } from '../../src/domain/password-hash.js';
import { ServiceError } from '../../src/domain/service-error.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { Scrape } from '../support/scrape.js';
import { AccessStage, tokenOf } from './access-stage.js';

const BOOTSTRAP = 'bootstrap-token-of-the-authenticator-0123456789';
const HERE = { client: '203.0.113.1', fromUnnamedProxy: false };
const ELSEWHERE = { client: '203.0.113.2', fromUnnamedProxy: false };
const SETTINGS = { ADMIN_USER: 'admin', ADMIN_PASSWORD: 'a long password' };

const bearer = (token: string) => `Bearer ${token}`;
const basic = (name: string, password: string) =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;

let stage: AccessStage;

beforeAll(async () => {
  stage = await AccessStage.open();
});

afterAll(async () => {
  await stage.close();
});

/** A whole authenticator, with the limits that a test gives it. */
function authenticatorWith(settings: Record<string, string> = {}) {
  const lastUses = new LastUses(stage.clock);
  const config = loadServiceConfig({ ...SETTINGS, ...settings });
  const metrics = new Metrics();
  const authenticator = new Authenticator(config, stage.snapshots, lastUses, stage.clock, metrics);
  /** Who calls, or the code of the refusal. */
  const outcome = async (authorization: string | undefined, address = HERE) => {
    try {
      return (await authenticator.authenticate(authorization, address)).id;
    } catch (error) {
      if (error instanceof ServiceError) return error.code;
      throw error;
    }
  };
  const known = async (token: string, rest: Parameters<typeof tokenOf>[2] = {}) => {
    await stage.publish(token, tokenOf(7, ['licensing:read'], rest));
    return outcome(bearer(token));
  };
  return { authenticator, outcome, known, lastUses, metrics };
}

describe('A token', () => {
  it('that is good names its service account and what that may, and its use is noted', async () => {
    const { authenticator, known, lastUses } = authenticatorWith();
    const token = createServiceAccountToken();
    expect(await known(token)).toBe('service-account:7');
    const before = Math.floor(stage.clock.now());
    const caller = authenticator.authenticate(bearer(token), HERE);
    expect(caller).toEqual({
      id: 'service-account:7',
      name: 'account 7',
      actions: new Set(['licensing:read']),
    });
    const uses = lastUses.drain();
    expect([...uses.keys()]).toEqual([7]);
    expect(uses.get(7)).toBeGreaterThanOrEqual(before);
    expect(lastUses.drain().size).toBe(0);
  });

  it.each([
    ['revoked', 'api-key.revoked', { revoked: true }],
    ['of a disabled account', 'identity.disabled', { disabled: true }],
    ['both, which is told by the token first,', 'api-key.revoked', { revoked: true, disabled: true }],
    ['expired', 'api-key.expired', { expiresAt: 1, revoked: true }],
  ])('that is %s is refused, and no use is noted', async (_, code, rest) => {
    const { known, lastUses } = authenticatorWith();
    expect(await known(createServiceAccountToken(), rest)).toBe(code);
    expect(lastUses.drain().size).toBe(0);
  });

  it('expires at its very millisecond', async () => {
    const { known, outcome } = authenticatorWith();
    const token = createServiceAccountToken();
    const expiresAt = Math.floor(stage.clock.now()) + 60_000;
    expect(await known(token, { expiresAt })).toBe('service-account:7');
    stage.clock.hold(expiresAt - 1);
    expect(await outcome(bearer(token))).toBe('service-account:7');
    stage.clock.hold(expiresAt);
    expect(await outcome(bearer(token))).toBe('api-key.expired');
    stage.clock.set(Date.now());
  });

  it('is no good once the database has confirmed nothing for too long; what the configuration says is', async () => {
    const { known, outcome } = authenticatorWith({
      ACCESS_STALE_SECONDS: '120',
      BOOTSTRAP_TOKEN: BOOTSTRAP,
    });
    const token = createServiceAccountToken();
    await known(token);
    await stage.snapshots.refresh();
    stage.clock.advance(119_000);
    expect(await outcome(bearer(token))).toBe('service-account:7');
    stage.clock.advance(2_000);
    expect(await outcome(bearer(token))).toBe('database.unavailable');
    expect(await outcome(bearer(BOOTSTRAP))).toBe('bootstrap');
    expect(await outcome(basic('admin', 'a long password'))).toBe('administrator:admin');
    await stage.snapshots.refresh();
    expect(await outcome(bearer(token))).toBe('service-account:7');
  });

  it('counts no longer than the snapshot that knew it', async () => {
    const { known, outcome } = authenticatorWith();
    const token = createServiceAccountToken();
    await known(token);
    expect(await outcome(bearer(token))).toBe('service-account:7');
    await stage.publish(token, tokenOf(7, [], { revoked: true }));
    await stage.snapshots.refresh();
    expect(await outcome(bearer(token))).toBe('api-key.revoked');
  });

  it('of the configuration may do everything, and without one nobody has it', async () => {
    const { authenticator } = authenticatorWith({ BOOTSTRAP_TOKEN: BOOTSTRAP });
    expect(authenticator.authenticate(bearer(BOOTSTRAP), HERE)).toEqual({
      id: 'bootstrap',
      name: 'bootstrap',
      actions: new Set(ACTIONS),
      unlimited: true,
    });
    const { outcome } = authenticatorWith();
    expect(await outcome(bearer(BOOTSTRAP))).toBe('api-key.invalid');
    expect(await outcome(bearer('undefined'))).toBe('api-key.invalid');
  });

  it.each([undefined, '', 'Bearer', 'Bearer ', 'Basic', 'Digest abc', 'token'])(
    'is not in a header of "%s"',
    async (header) => {
      expect(await authenticatorWith().outcome(header)).toBe('auth.unauthorized');
    },
  );
});

describe('A password', () => {
  it('lets the administrator do everything', () => {
    const { authenticator } = authenticatorWith();
    expect(authenticator.authenticate(basic('admin', 'a long password'), HERE)).toEqual({
      id: 'administrator:admin',
      name: 'admin',
      actions: new Set(ACTIONS),
      unlimited: true,
    });
  });

  it('is wrong for every other name, and without an administrator for all', async () => {
    const { outcome } = authenticatorWith();
    expect(await outcome(basic('Admin', 'a long password'))).toBe('password-auth.failed');
    expect(await outcome(basic('', 'a long password'))).toBe('password-auth.failed');
    const nobody = authenticatorWith({ ADMIN_USER: '', ADMIN_PASSWORD: '' });
    expect(await nobody.outcome(basic('', ''))).toBe('password-auth.failed');
    expect(await nobody.outcome(basic('admin', ''))).toBe('password-auth.failed');
  });

  it('is blocked by five wrong ones of its own name and address alone', async () => {
    const { authenticator, outcome } = authenticatorWith();
    for (let time = 0; time < 5; time += 1) {
      expect(await outcome(basic('other', 'wrong'))).toBe('password-auth.failed');
    }
    expect(authenticator.failures.remembered).toEqual({ clients: 1, passwords: 0 });
    for (let time = 0; time < 4; time += 1) await outcome(basic('admin', 'wrong'));
    // A right one in between starts anew.
    expect(await outcome(basic('admin', 'a long password'))).toBe('administrator:admin');
    for (let time = 0; time < 5; time += 1) await outcome(basic('admin', 'wrong'));
    expect(await outcome(basic('admin', 'a long password'))).toBe('password-auth.failed');
    expect(await outcome(basic('admin', 'a long password'), ELSEWHERE)).toBe('administrator:admin');
    stage.clock.advance(5 * 60_000);
    expect(await outcome(basic('admin', 'a long password'))).toBe('administrator:admin');
  });

  it('that meets a block is told apart from a wrong one, in the reason for the log alone', async () => {
    const { authenticator, outcome } = authenticatorWith();
    await outcome(basic('other', 'wrong'));
    for (let time = 0; time < 5; time += 1) await outcome(basic('admin', 'wrong'));
    const refusal = (name: string, password: string) => {
      try {
        return authenticator.authenticate(basic(name, password), HERE);
      } catch (error) {
        return error as ServiceError;
      }
    };
    const blocked = refusal('admin', 'a long password') as ServiceError;
    const wrong = refusal('other', 'a long password') as ServiceError;
    expect((blocked.cause as Error).message).toMatch(/^blocked until \d{4}-\d\d-\d\dT/);
    // As much work and as long a line of the log for every name: the time of an answer tells strangers nothing.
    const reasons = [blocked, wrong, refusal('', '') as ServiceError].map(
      ({ cause }) => (cause as Error).message,
    );
    expect(reasons[1]).toBe('the name or the password was not right');
    expect(new Set(reasons.map(({ length }) => length)).size).toBe(1);
    // What the caller is told.
    for (const { code, message, detail, retryAfter } of [blocked, wrong]) {
      expect({ code, message, detail, retryAfter }).toEqual({
        code: 'password-auth.failed',
        message: 'Invalid username or password',
      });
    }
  });

  it('that is refused counts in the metrics, which say the same of every name', async () => {
    const scrapeAfterGuesses = async (name: string) => {
      const { outcome, metrics } = authenticatorWith();
      for (let time = 0; time < 7; time += 1) await outcome(basic(name, 'wrong'));
      return metrics.text();
    };
    const scrape = await scrapeAfterGuesses('admin');
    expect(new Scrape(scrape).value('licentia_password_failures_total')).toBe(7);
    expect(scrape).toBe(await scrapeAfterGuesses('other'));
  });

  it('that is wrong counts as a failure of its client, and is never answered otherwise', async () => {
    const { outcome } = authenticatorWith({ RATE_LIMIT_FAILURES_PER_MINUTE: '3' });
    for (let time = 0; time < 6; time += 1) {
      expect(await outcome(basic('other', `wrong ${time}`))).toBe('password-auth.failed');
    }
    expect(await outcome(bearer('wrong'))).toBe('too-many-requests');
  });
});

describe('A password that is known by its hash', () => {
  let ADMINISTRATORS: string;

  beforeAll(async () => {
    const [ada, eve] = [await hashPassword('a password of Ada'), await hashPassword('a password of Eve')];
    ADMINISTRATORS = `# who runs it\n\nada:${ada}\neve lyn:${eve}\n`;
  });

  it('lets its own administrator do everything, beside the one of ADMIN_USER', async () => {
    const { outcome } = authenticatorWith({ ADMINISTRATORS });
    expect(await outcome(basic('ada', 'a password of Ada'))).toBe('administrator:ada');
    expect(await outcome(basic('eve lyn', 'a password of Eve'))).toBe('administrator:eve lyn');
    expect(await outcome(basic('admin', 'a long password'))).toBe('administrator:admin');
    for (const [name, password] of [
      ['ada', 'a password of Eve'],
      ['ada', 'a long password'],
      ['admin', 'a password of Ada'],
      ['Ada', 'a password of Ada'],
      ['', ''],
    ] as const)
      expect(await outcome(basic(name, password))).toBe('password-auth.failed');
  });

  it('is hashed for every name, known, blocked or neither, and remembered when it was right', async () => {
    const { authenticator, outcome } = authenticatorWith({ ADMINISTRATORS });
    // What is hashed is a promise.
    const isHashed = async (name: string, password: string) => {
      const answer = authenticator.authenticate(basic(name, password), HERE);
      if (answer instanceof Promise) await answer.catch(() => undefined);
      return answer instanceof Promise;
    };
    expect(await isHashed('ada', 'wrong')).toBe(true);
    expect(await isHashed('nobody', 'wrong')).toBe(true);
    expect(await isHashed('admin', 'wrong')).toBe(true);
    expect(await isHashed('ada', 'a password of Ada')).toBe(true);
    expect(await isHashed('ada', 'a password of Ada')).toBe(false);
    for (let time = 0; time < 5; time += 1) await outcome(basic('ada', 'wrong'));
    expect(await isHashed('ada', 'a password of Ada')).toBe(true);
    expect(await outcome(basic('ada', 'a password of Ada'))).toBe('password-auth.failed');
    expect(await outcome(basic('ada', 'a password of Ada'), ELSEWHERE)).toBe('administrator:ada');
  });

  it('is refused while four others of its client wait, for known and unknown names', async () => {
    const { outcome } = authenticatorWith({ ADMINISTRATORS });
    const flood = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        outcome(basic(index % 2 ? 'ada' : 'nobody', `wrong ${index}`)),
      ),
    );
    expect(flood.slice(0, 5)).toEqual(Array(5).fill('password-auth.failed'));
    expect(flood.slice(5)).toEqual(Array(7).fill('too-many-requests'));
    expect(await outcome(basic('ada', 'a password of Ada'), ELSEWHERE)).toBe('administrator:ada');
  });

  it('does not let in what was hashed while its name got blocked', async () => {
    const { outcome } = authenticatorWith({ ADMINISTRATORS });
    for (let time = 0; time < 3; time += 1) await outcome(basic('ada', 'wrong'));
    const wrong = [outcome(basic('ada', 'wrong')), outcome(basic('ada', 'wrong'))];
    const right = outcome(basic('ada', 'a password of Ada'));
    expect(await Promise.all([...wrong, right])).toEqual(Array(3).fill('password-auth.failed'));
  });
});

describe('An unknown token', () => {
  it('is wrong as often as its client may fail in a minute, then there are too many', async () => {
    const { authenticator, outcome } = authenticatorWith({ RATE_LIMIT_FAILURES_PER_MINUTE: '3' });
    for (let time = 0; time < 3; time += 1) expect(await outcome(bearer('wrong'))).toBe('api-key.invalid');
    expect(authenticator.failures.tooMany(HERE)).toBe(true);
    expect(await outcome(bearer('wrong'))).toBe('too-many-requests');
    expect(await outcome(bearer('wrong'), ELSEWHERE)).toBe('api-key.invalid');
    stage.clock.advance(60_000);
    expect(await outcome(bearer('wrong'))).toBe('api-key.invalid');
  });

  it('that another replica has just made is right, also for a client that failed too often', async () => {
    const { outcome } = authenticatorWith({ RATE_LIMIT_FAILURES_PER_MINUTE: '1' });
    await outcome(bearer('wrong'));
    expect(await outcome(bearer('wrong'))).toBe('too-many-requests');
    const token = createServiceAccountToken();
    await stage.publish(token, tokenOf(9, ['licensing:read']));
    expect(await outcome(bearer(token))).toBe('service-account:9');
  });

  it('that a restored backup does not have is refused, though the version is the same and it was known', async () => {
    const { outcome, known } = authenticatorWith();
    const token = createServiceAccountToken();
    expect(await known(token)).toBe('service-account:7');
    expect(await outcome(bearer(token))).toBe('service-account:7');
    const { version } = stage.snapshots.current ?? {};
    await stage.restore();
    expect(stage.snapshots.current?.version).toBe(version);
    expect(await outcome(bearer(token))).toBe('api-key.invalid');
  });

  it('that cannot be ours costs no question while the snapshot is fresh, and one when it is not', async () => {
    const { outcome } = authenticatorWith();
    const marker = createServiceAccountToken();
    await stage.snapshots.refresh();
    await stage.publish(marker, tokenOf(11, []));
    expect(await outcome(bearer('wrong'))).toBe('api-key.invalid');
    const { version = NaN } = stage.snapshots.current ?? {};
    stage.clock.advance(10_000);
    expect(await outcome(bearer('wrong'))).toBe('api-key.invalid');
    expect(stage.snapshots.current?.version).toBe(version + 1);
  });

  it('that cannot be ours costs none at all once too much has failed', async () => {
    const { outcome } = authenticatorWith({ RATE_LIMIT_FAILURES_PER_MINUTE: '1' });
    await outcome(bearer('wrong'));
    await stage.publish(createServiceAccountToken(), tokenOf(12, []));
    const { version } = stage.snapshots.current ?? {};
    stage.clock.advance(10_000);
    expect(await outcome(bearer('wrong'))).toBe('too-many-requests');
    expect(stage.snapshots.current?.version).toBe(version);
  });
});
