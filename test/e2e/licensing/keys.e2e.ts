import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../../src/http/logger.js';
import { IssuerKeys } from '../../../src/issuer/issuer-keys.js';
import type { Answer } from '../../support/fake-issuer/fake-issuer.js';
import { Scrape } from '../../support/scrape.js';
import { createKey, newLid, type TestKey, withOverrides } from '../../support/tokens.js';
import { outcome, Stage, until } from './stage.js';

/** Longer than the least time between two fetches that are asked for, milliseconds. */
const COOLED_DOWN_MS = 30_500;
const HOUR_MS = 3_600_000;
const AWAY = { ISSUER_JWKS_URL: 'http://127.0.0.1:1/keys' };

let stage: Stage;

const fetches = () => stage.issuer.keySetRequests.length;
const upload = (key: TestKey, claims = {}) => {
  const lasting = { exp: stage.now + 1_000_000, lexp: stage.now + 1_000_000 };
  return stage.upload(stage.issuer.token({ lid: newLid(), ...lasting, ...claims }, key));
};
/** The metric of tokens that named a key which is not held. */
const counts = async () => {
  const scrape = await Scrape.of(stage.service.url);
  const count = (answer: string) => scrape.value('licentia_key_set_unknown_kids_total', { answer }) ?? NaN;
  return { fetched: count('fetched'), joined: count('joined'), suppressed: count('suppressed') };
};
/** Has the keys fetched as far as that is possible now, by a token that nobody can verify. */
const ask = () => upload(createKey('ES256', `unknown ${newLid()}`));

describe("the issuer's keys", () => {
  beforeEach(async () => {
    stage = await Stage.open();
    // The first fetch runs beside the start: wait for it, so that the next can be told from it.
    await stage.install({ lid: newLid() });
    expect(fetches()).toBe(1);
  });

  afterEach(async () => {
    await stage.close();
  });

  describe('from its address', () => {
    it('are fetched without any credential', async () => {
      const [request] = stage.issuer.keySetRequests;
      expect(request?.method).toBe('GET');
      expect(request?.body).toBe('');
      const names = Object.keys(request?.headers ?? {}).sort();
      expect(names).toEqual(['accept', 'accept-encoding', 'connection', 'host', 'user-agent']);
    });

    it('are fetched once for any number of tokens of known keys', async () => {
      stage.service.clock.advance(COOLED_DOWN_MS);
      for (let count = 1; count <= 5; count += 1) await stage.install({ lid: newLid() });
      expect(fetches()).toBe(1);
    });

    it('are fetched again for the first token of a new key, which is taken at once', async () => {
      stage.issuer.rotate(true);
      stage.service.clock.advance(COOLED_DOWN_MS);
      expect(outcome(await upload(stage.issuer.key))).toEqual([200, undefined]);
      expect(fetches()).toBe(2);
    });

    it('are fetched again for the first token of a new key, also right after the start', async () => {
      stage.issuer.rotate(true);
      expect(outcome(await upload(stage.issuer.key))).toEqual([200, undefined]);
      expect(fetches()).toBe(2);
    });

    it('are fetched at most once in 30 s for any number of unknown keys', async () => {
      stage.service.clock.advance(COOLED_DOWN_MS);
      const outcomes = await Promise.all(Array.from({ length: 50 }, async () => outcome(await ask())));
      expect(outcomes).toEqual(Array.from({ length: 50 }, () => [400, 'license.untrusted']));
      for (let count = 1; count <= 20; count += 1) await ask();
      expect(fetches()).toBe(2);
      stage.service.clock.advance(COOLED_DOWN_MS);
      await ask();
      await ask();
      expect(fetches()).toBe(3);
    });

    it('are fetched again for the first renewed token of a new key, which is stored at once', async () => {
      stage.issuer.rotate(false);
      expect(outcome(await stage.renew())).toEqual([200, undefined]);
      expect(fetches()).toBe(2);
      expect(await stage.verdict()).toEqual([true, 1]);
    });

    it('are fetched once for 10,000 tokens of as many unknown keys, and a metric tells of them', async () => {
      const keys = stage.service.running.application.nest.get(IssuerKeys);
      const kids = Array.from({ length: 10_000 }, (_, at) => `unknown-${at}`);
      const before = await counts();
      await Promise.all(kids.slice(0, 5_000).map((kid) => keys.forKid(kid)));
      for (const kid of kids.slice(5_000)) await keys.forKid(kid);
      expect(fetches()).toBe(2);
      const { fetched, joined, suppressed } = await counts();
      expect(fetched - before.fetched).toBe(1);
      expect(joined - before.joined).toBe(4_999);
      expect(suppressed - before.suppressed).toBe(5_000);
    });

    it('are fetched again by themselves within half a minute after that failed, without any token', async () => {
      stage.issuer.answerKeySet({ status: 500 });
      await ask();
      expect(fetches()).toBe(2);
      const added = stage.issuer.rotate(false);
      stage.issuer.answerKeySet();
      const keys = stage.service.running.application.nest.get(IssuerKeys);
      const begin = performance.now();
      while (fetches() === 2 && performance.now() - begin < 40_000) {
        await new Promise((go) => setTimeout(go, 200));
      }
      expect(fetches()).toBe(3);
      // No less than 30 s by the process's own clock, which other processes may slow down, not hasten.
      expect(performance.now() - begin).toBeGreaterThan(28_000);
      await until(async () => (await keys.forKid(added.kid)).find(added.kid) !== undefined);
      expect(fetches()).toBe(3);
    }, 60_000);

    it('are fetched at most once in 30 s, also while the issuer fails', async () => {
      stage.issuer.answerKeySet({ status: 500 });
      stage.service.clock.advance(COOLED_DOWN_MS);
      await Promise.all(Array.from({ length: 20 }, ask));
      await ask();
      expect(fetches()).toBe(2);
    });

    it('are fetched calmly, also when a clock that was ahead saved them as good for months', async () => {
      await stage.change(
        `UPDATE key_set SET fetched_at = now() + interval '60 days', fresh_until = now() + interval '61 days'`,
      );
      stage.issuer.answerKeySet({ status: 500 });
      await stage.restart();
      const before = fetches();
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      expect(fetches() - before).toBeLessThanOrEqual(1);
      stage.issuer.answerKeySet();
      await ask();
      const [saved] = await stage.query<{ ahead: boolean }>(
        "SELECT fetched_at > now() + interval '1 day' AS ahead FROM key_set",
      );
      expect(saved?.ahead).toBe(false);
    });

    it('are waited for by all callers that need them, however many: one fetch for all', async () => {
      stage.issuer.rotate(true);
      stage.issuer.answerKeySet({
        status: 200,
        body: { keys: [stage.issuer.key.jwk] },
        delay: 300,
      });
      stage.service.clock.advance(COOLED_DOWN_MS);
      const replies = await Promise.all(Array.from({ length: 10 }, () => upload(stage.issuer.key)));
      expect(replies.map(outcome)).toEqual(Array.from({ length: 10 }, () => [200, undefined]));
      expect(fetches()).toBe(2);
    });

    it('are not asked for by what cannot be a token', async () => {
      stage.service.clock.advance(COOLED_DOWN_MS);
      expect(outcome(await stage.upload('no-token'))).toEqual([400, 'license.invalid']);
      expect(fetches()).toBe(1);
    });

    it('count no longer for new tokens once they are removed, but the stored license stays', async () => {
      const old = stage.issuer.key;
      stage.issuer.rotate(false);
      stage.service.clock.advance(COOLED_DOWN_MS);
      await ask();
      expect(outcome(await upload(old))).toEqual([400, 'license.untrusted']);
      expect(await stage.verdict()).toEqual([true, 1]);
      await stage.restart();
      expect(await stage.verdict()).toEqual([true, 1]);
      await stage.restart(AWAY);
      expect(await stage.verdict()).toEqual([true, 1]);
    });

    it('that cannot be used do not spoil the others of their set', async () => {
      const key = createKey('EdDSA', 'usable');
      const weak = { kty: 'oct', kid: 'symmetric', alg: 'HS256', k: 'c2VjcmV0' };
      const withoutAlg = withOverrides(createKey('ES256', 'no-alg').jwk, { alg: undefined });
      const encryption = { ...createKey('ES256', 'for-encryption').jwk, use: 'enc' };
      const keys = [weak, null, 7, {}, withoutAlg, encryption, key.jwk];
      stage.issuer.answerKeySet({ status: 200, body: { keys } });
      stage.service.clock.advance(COOLED_DOWN_MS);
      expect(outcome(await upload(key))).toEqual([200, undefined]);
      const refused = await upload(createKey('ES256', 'no-alg'));
      expect(refused.body.message).toBe(
        'The issuer has no usable key with the "kid" of the token: one is skipped, as it has no "alg".',
      );
    });

    it('that cannot be used are named and counted also when none is left, and the ones before stay', async () => {
      const lines: { msg: string; kid?: string; reason?: string }[] = [];
      const write = (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]);
      await stage.restart({}, createLogger('warn', { write }));
      const keys = ['alg', 'use'].map((member) =>
        withOverrides(createKey('ES256', `no-${member}`).jwk, { [member]: undefined }),
      );
      stage.issuer.answerKeySet({ status: 200, body: { keys } });
      for (let times = 1; times <= 2; times += 1) {
        stage.service.clock.advance(COOLED_DOWN_MS);
        await ask();
      }
      expect(lines.filter(({ reason }) => reason).map(({ kid, reason }) => [kid, reason])).toEqual([
        ['no-alg', 'it has no "alg"'],
        ['no-use', 'it has no "use"'],
      ]);
      const scrape = await Scrape.of(stage.service.url);
      const count = (state: string) => scrape.value('licentia_key_set_keys', { state });
      expect([count('usable'), count('skipped')]).toEqual([1, 2]);
      expect(outcome(await upload(stage.issuer.key))).toEqual([200, undefined]);
      // With no set before it, too.
      await stage.change('DELETE FROM key_set');
      await stage.restart();
      await until(
        async () =>
          (await Scrape.of(stage.service.url)).value('licentia_key_set_keys', { state: 'skipped' }) === 2,
      );
    });
  });

  describe('while the issuer is away', () => {
    it('are those that were saved: after a restart the license is valid and uploads are verified', async () => {
      await stage.issuer.stop();
      await stage.restart();
      expect(await stage.verdict()).toEqual([true, 1]);
      expect(outcome(await upload(stage.issuer.key))).toEqual([200, undefined]);
      expect(outcome(await upload(createKey('ES256', stage.issuer.key.kid)))).toEqual([
        400,
        'license.untrusted',
      ]);
    });

    it('are named and counted where a stricter release cannot use the saved ones any more', async () => {
      const lines: { kid?: string; reason?: string }[] = [];
      const write = (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]);
      await stage.issuer.stop();
      const member = JSON.stringify(
        withOverrides(createKey('ES256', 'no-use\u001b[2J').jwk, { use: undefined }),
      );
      await stage.change(
        `UPDATE key_set SET keys = jsonb_build_object('keys', keys -> 'keys' || '${member}'::jsonb)`,
      );
      await stage.restart({}, createLogger('warn', { write }));
      expect(lines.filter(({ reason }) => reason).map(({ kid, reason }) => [kid, reason])).toEqual([
        ['no-use\\u{1b}[2J', 'it has no "use"'],
      ]);
      const scrape = await Scrape.of(stage.service.url);
      const count = (state: string) => scrape.value('licentia_key_set_keys', { state });
      expect([count('usable'), count('skipped')]).toEqual([1, 1]);
    });

    it('are kept for 24 hours after they were good, and the stored license longer than that', async () => {
      // So that the moment is known: the set is good for 60 s.
      const keySet = { keys: [stage.issuer.key.jwk] };
      stage.issuer.answerKeySet({ status: 200, headers: { 'Cache-Control': 'max-age=60' }, body: keySet });
      stage.service.clock.advance(COOLED_DOWN_MS);
      await ask();
      expect(outcome(await upload(stage.issuer.key))).toEqual([200, undefined]);
      await stage.issuer.stop();
      stage.service.clock.advance(24 * HOUR_MS);
      expect(outcome(await upload(stage.issuer.key))).toEqual([200, undefined]);
      stage.service.clock.advance(61_000);
      const late = await stage.upload(stage.issuer.token({ lid: newLid(), exp: stage.now + 100 }));
      expect(outcome(late)).toEqual([503, 'issuer.unavailable']);
      expect(await stage.verdict()).toEqual([true, 1]);
      await stage.issuer.startAgain();
      stage.service.clock.advance(COOLED_DOWN_MS);
      expect(outcome(await upload(stage.issuer.key))).toEqual([200, undefined]);
    });

    it('that cannot be had are told of by what kept them away, also while no call is made', async () => {
      const cold = await Stage.open(AWAY);
      try {
        const keys = cold.service.running.application.nest.get(IssuerKeys);
        // More failures in a row than after which calls pause.
        for (let count = 1; count <= 6; count += 1) await keys.fetchNow();
        await expect(keys.forKid('unknown')).rejects.toMatchObject({ failureClass: 'connect' });
      } finally {
        await cold.close();
      }
    });

    it('do not keep a cold start with nothing from being ready', async () => {
      const cold = await Stage.open(AWAY);
      try {
        expect((await cold.service.get('/readyz')).status).toBe(200);
        expect(await cold.verdict()).toEqual([false, 4]);
      } finally {
        await cold.close();
      }
    });
  });

  describe('from a file', () => {
    let directory: string;
    let path: string;
    const pinned = createKey('ES256', 'from-a-file');
    const write = (...keys: TestKey[]) =>
      writeFile(path, JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));

    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'licentia-keys-'));
      path = join(directory, 'jwks.json');
      await write(pinned);
    });

    afterEach(async () => {
      await rm(directory, { recursive: true });
    });

    it('are the only ones: the issuer is not asked, and its own keys do not count', async () => {
      await stage.restart({ ISSUER_JWKS_PATH: path });
      expect(outcome(await upload(pinned))).toEqual([200, undefined]);
      expect(outcome(await upload(stage.issuer.key))).toEqual([400, 'license.untrusted']);
      stage.service.clock.advance(COOLED_DOWN_MS);
      await ask();
      expect(fetches()).toBe(1);
    });

    it('decide about the stored license too', async () => {
      await stage.restart({ ISSUER_JWKS_PATH: path });
      expect(await stage.verdict()).toEqual([false, 3]);
      await write(pinned, stage.issuer.key);
      await stage.restart({ ISSUER_JWKS_PATH: path });
      expect(await stage.verdict()).toEqual([true, 1]);
    });

    it('are read again for the first token of a new key, without a restart', async () => {
      await stage.restart({ ISSUER_JWKS_PATH: path });
      const added = createKey('ES256', 'added-later');
      await write(pinned, added);
      stage.service.clock.advance(COOLED_DOWN_MS);
      expect(outcome(await upload(added))).toEqual([200, undefined]);
    });

    it('may be missing at the start: the service is not ready, claims nothing, and heals by itself', async () => {
      await rm(path);
      await stage.restart({ ISSUER_JWKS_PATH: path });
      expect((await stage.service.get('/readyz')).body).toEqual({
        status: 'starting',
        reason: 'issuer-keys',
      });
      expect(outcome(await stage.service.get('/api/licensing/check'))).toEqual([503, 'issuer.unavailable']);
      expect(outcome(await stage.renew())).toEqual([503, 'issuer.unavailable']);
      await write(pinned, stage.issuer.key);
      stage.service.clock.advance(COOLED_DOWN_MS);
      while ((await stage.service.get('/readyz')).status !== 200)
        await new Promise((go) => setTimeout(go, 50));
      expect(await stage.verdict()).toEqual([true, 1]);
    });

    it('may be missing at the start: what needs no key works all the same', async () => {
      await rm(path);
      await stage.restart({ ISSUER_JWKS_PATH: path });
      const account = await stage.service.post('/api/serviceaccounts', { name: 'while the keys are away' });
      expect(account.status).toBe(201);
      const instance = 'http://localhost:3000/';
      expect((await stage.service.delete('/api/licensing/token', { instance })).status).toBe(202);
      while ((await stage.service.get('/readyz')).status !== 200)
        await new Promise((go) => setTimeout(go, 50));
      expect(await stage.verdict()).toEqual([false, 4]);
      await write(pinned, stage.issuer.key);
    });

    it.each<[string, () => Promise<void>]>([
      ['empty', () => writeFile(path, '')],
      ['a set without keys', () => writeFile(path, '{"keys":[]}')],
      ['no JSON', () => writeFile(path, 'no JSON')],
      ['sparse with 2 GiB', () => truncate(path, 2 * 1024 ** 3)],
      ['a pipe', () => rm(path).then(() => void execFileSync('mkfifo', [path]))],
    ])('stay as they were when the file becomes %s', async (_, change) => {
      await stage.restart({ ISSUER_JWKS_PATH: path });
      expect(outcome(await upload(pinned))).toEqual([200, undefined]);
      await change();
      stage.service.clock.advance(COOLED_DOWN_MS);
      expect(outcome(await ask())).toEqual([400, 'license.untrusted']);
      expect(await stage.verdict()).toEqual([true, 1]);
      expect(outcome(await upload(pinned))).toEqual([200, undefined]);
    });
  });
});

describe("the issuer's keys, one answer after the other", () => {
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.install({ lid: newLid() });
  });

  afterAll(async () => {
    await stage.close();
  });

  it.each<[string, Answer]>([
    ['a 500', { status: 500 }],
    ['a 404', { status: 404 }],
    ['a 204', { status: 204 }],
    ['a redirect', { status: 302, headers: { Location: '/elsewhere' } }],
    ['a page', { status: 200, body: '<html>Welcome</html>' }],
    ['no body', { status: 200 }],
    ['null', { status: 200, body: 'null' }],
    ['an object without keys', { status: 200, body: {} }],
    ['no keys', { status: 200, body: { keys: [] } }],
    ['no usable key', { status: 200, body: { keys: [{ kty: 'oct', kid: 'x', alg: 'HS256', k: 'eA' }] } }],
    ['more than 64 KiB', { status: 200, body: { keys: [], padding: 'x'.repeat(64 * 1024) } }],
    [
      'more than 100 keys',
      {
        status: 200,
        body: { keys: [createKey('ES256', 'x').jwk, ...Array.from({ length: 100 }, () => ({}))] },
      },
    ],
    ['keys twice', { status: 200, body: '{"keys":[],"keys":[]}' }],
    ['a byte order mark', { status: 200, body: `\ufeff{"keys":[]}` }],
    ['a cut connection', (_request, response) => response.destroy()],
  ])('stay as they were after %s', async (_, answer) => {
    const before = fetches();
    stage.issuer.answerKeySet(answer);
    stage.service.clock.advance(COOLED_DOWN_MS);
    expect(outcome(await ask())).toEqual([400, 'license.untrusted']);
    expect(fetches()).toBe(before + 1);
    expect(stage.issuer.requests.map(({ path }) => path)).not.toContain('/elsewhere');
    expect(outcome(await upload(stage.issuer.key))).toEqual([200, undefined]);
    expect(await stage.verdict()).toEqual([true, 1]);
  });

  it.each([
    [undefined, 60, 86_400],
    ['max-age=600', 600, 600],
    ['public, max-age=3600, must-revalidate', 3600, 3600],
    ['max-age=1', 60, 60],
    ['max-age=9999999', 86_400, 86_400],
    ['no-store', 60, 60],
    ['max-age=soon', 60, 86_400],
  ])(
    'are good for as long as Cache-Control %s says, from 1 minute to 24 hours',
    async (header, least, most) => {
      stage.issuer.answerKeySet({
        status: 200,
        headers: header === undefined ? {} : { 'Cache-Control': header },
        body: { keys: [stage.issuer.key.jwk] },
      });
      stage.service.clock.advance(COOLED_DOWN_MS);
      await ask();
      const [saved] = await stage.query<{ age: string }>(
        'SELECT extract(epoch FROM fresh_until - fetched_at)::text AS age FROM key_set',
      );
      expect(Number(saved?.age)).toBeGreaterThanOrEqual(least);
      expect(Number(saved?.age)).toBeLessThanOrEqual(most);
    },
  );
});
