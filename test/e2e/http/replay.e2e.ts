import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { jest } from '@jest/globals';
import fc from 'fast-check';
import { Authenticator } from '../../../src/access/authenticator.js';
import { LastUses } from '../../../src/access/last-uses.js';
import { Database } from '../../../src/database/database.js';
import { Metrics } from '../../../src/metrics/metrics.js';
import { SnapshotService } from '../../../src/snapshot/snapshot.service.js';
import { FIXED_ROLES } from '../../access/fixed-roles.js';
import { Scrape } from '../../support/scrape.js';
import { BOOTSTRAP_TOKEN } from '../../support/service.js';
import { newLid } from '../../support/tokens.js';
import { CHECK, Stage } from '../licensing/stage.js';

const READER_UID = FIXED_ROLES.find(({ name }) => name === 'fixed:licensing:reader')?.uid ?? '';
const STALE_SECONDS = 60;
const HOUR = 3_600;
/** They are another request's, not another answer. */
const OWN = new Set(['x-request-id', 'date']);

const RENEWAL = '/api/licensing/renewal';
/** What is answered again. */
const PATHS = [
  CHECK,
  '/api/licensing/token',
  '/api/licensing/check/explain',
  '/api/licensing/timeline',
  RENEWAL,
];
/** How often a comparison begins again because what is answered changed meanwhile. */
const MAX_CHANGES = 10;

let stage: Stage;
/** Each history has an account and a token of its own. */
let account: { readonly id: number; readonly token: string; readonly tokenId: number };
/** Keeps one connection, on which the check is asked again and again. */
let agent: Agent;

beforeAll(async () => {
  stage = await Stage.open({ ACCESS_STALE_SECONDS: String(STALE_SECONDS) });
});

afterAll(async () => {
  await stage.close();
});

interface Answer {
  readonly status: number | undefined;
  /** Names as they were sent, and values, in their order. */
  readonly headers: readonly string[];
  readonly body: string;
}

async function ask(by: Agent, headers: Readonly<Record<string, string>> = {}, path = CHECK): Promise<Answer> {
  const url = new URL(path, stage.service.url);
  return new Promise((resolve, reject) => {
    const authorization = { Authorization: `Bearer ${account.token}` };
    httpRequest(url, { agent: by, headers: { ...authorization, ...headers } }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => {
        const { statusCode: status, rawHeaders } = response;
        const pairs = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name, rawHeaders[at + 1]]] : []));
        const kept = pairs.filter(([name]) => !OWN.has(String(name).toLowerCase()));
        // An answer with an error repeats the request's id, and a refusal has one of its own.
        resolve({
          status,
          headers: kept.flat().map(String),
          body: body.replace(/"(requestId|accessErrorId)":"[^"]*"/g, '"$1":""'),
        });
      });
    })
      .on('error', reject)
      .end();
  });
}

/** The same by a connection of its own: its first request goes the whole way. */
async function askAnew(headers: Readonly<Record<string, string>> = {}, path = CHECK): Promise<Answer> {
  const own = new Agent({ keepAlive: true });
  try {
    return await ask(own, headers, path);
  } finally {
    own.destroy();
  }
}

/** How many checks the metrics have counted. */
async function countOfChecks(): Promise<number> {
  const scrape = new Scrape(await nest().get(Metrics).text());
  const labels = { method: 'GET', route: CHECK, status: '200' };
  return scrape.value('licentia_http_request_duration_seconds_count', labels) ?? 0;
}

/** Sends a text by a connection of its own and, once that was answered, another one. @returns all that came back */
async function exchange(first: string, rest: string): Promise<string> {
  const { hostname, port } = new URL(stage.service.url);
  const socket = connect(Number(port), hostname).setEncoding('utf8');
  let answers = '';
  const has = (count: number) => (answers.match(/^true/gm)?.length ?? 0) >= count;
  const arrived = async (count: number) => {
    while (!has(count)) {
      const [text] = (await once(socket, 'data')) as [string];
      // A body has no end of line.
      answers += text.replaceAll('trueHTTP', 'true\r\nHTTP');
      if (answers.endsWith('true')) answers += '\r\n';
    }
  };
  socket.write(first);
  await arrived(1);
  socket.write(rest);
  await arrived(11);
  socket.destroy();
  return answers;
}

const nest = () => stage.service.running.application.nest;
const url = (path: string) => `/api/serviceaccounts/${account.id}${path}`;

/** What can change an answer; most of it does, in some state. */
const EVENTS = {
  install: async () =>
    void (await stage.upload(
      stage.issuer.token({ lid: newLid(), exp: stage.now + HOUR, lexp: stage.now + 9 * HOUR }),
    )),
  'install, for two seconds': async () =>
    void (await stage.upload(stage.issuer.token({ lid: newLid(), exp: stage.now + 2 }))),
  renew: async () => void (await stage.service.post('/api/licensing/token/renew', {})),
  remove: async () =>
    void (await stage.service.delete('/api/licensing/token', { instance: 'http://localhost:3000/' })),
  'break what is stored': async () => {
    await stage.breakStored();
    await nest().get(SnapshotService).refresh();
  },
  'give the role': async () =>
    void (await stage.service.post(`/api/access-control/users/${account.id}/roles`, { roleUid: READER_UID })),
  'take the role': async () =>
    void (await stage.service.delete(`/api/access-control/users/${account.id}/roles/${READER_UID}`)),
  disable: async () => void (await stage.service.call('PATCH', url(''), { body: { isDisabled: true } })),
  enable: async () => void (await stage.service.call('PATCH', url(''), { body: { isDisabled: false } })),
  'revoke the token': async () => void (await stage.service.delete(url(`/tokens/${account.tokenId}`))),
  'make a token for two seconds': async () => {
    const made = await stage.service.post(url('/tokens'), { name: `t${Math.random()}`, secondsToLive: 2 });
    account = { ...account, token: made.body.key as string, tokenId: made.body.id as number };
  },
  'a second': async () => stage.service.clock.hold(stage.service.clock.now() + 1_000),
  'an hour': async () => stage.service.clock.hold(stage.service.clock.now() + HOUR * 1_000),
  'an hour back': async () => stage.service.clock.hold(stage.service.clock.now() - HOUR * 1_000),
} as const;

type EventName = keyof typeof EVENTS;

/** The answers on the connection that is kept are those that the whole way gives before and after them. */
async function compare(path = CHECK, times = 3): Promise<void> {
  for (let changes = 0; changes <= MAX_CHANGES; changes += 1) {
    const before = await askAnew({}, path);
    const kept: Answer[] = [];
    for (let time = 1; time <= times; time += 1) kept.push(await ask(agent, {}, path));
    const after = await askAnew({}, path);
    // The next renewal is planned, or its plan read, at a moment of its own.
    if (path === RENEWAL && before.body !== after.body) continue;
    expect(after).toEqual(before);
    for (const answer of kept) expect(answer).toEqual(before);
    return;
  }
  throw new Error(`${path} does not stay the same for a moment`);
}

/** Compares while the database answers nobody, longer than the permissions of tokens may be old. */
async function compareWhileAway(path: string): Promise<void> {
  let back = () => {};
  const isBack = new Promise<void>((resolve) => (back = resolve));
  let isAway = true;
  let away: Promise<void> | undefined;
  await new Promise<void>((gone) => {
    away = nest()
      .get(Database)
      .transaction(async (manager) => {
        await manager.query('LOCK TABLE snapshot_version IN ACCESS EXCLUSIVE MODE');
        gone();
        await isBack;
      })
      // The database ends a transaction that does nothing for three seconds.
      .catch(() => void (isAway = false));
  });
  stage.service.clock.advance((STALE_SECONDS + 1) * 1_000);
  try {
    await compare(path, 1);
  } catch (error) {
    // On a machine that is that slow it came back meanwhile, between two answers.
    if (isAway) throw error;
  } finally {
    back();
    await away;
    await nest().get(SnapshotService).refresh();
  }
}

async function begin(): Promise<void> {
  await stage.clear();
  stage.service.clock.hold(Math.floor(Date.now() / 1_000) * 1_000);
  account = await stage.service.caller(READER_UID);
  agent = new Agent({ keepAlive: true, maxSockets: 1 });
}

describe('A question on a connection that is kept', () => {
  beforeEach(begin);

  afterEach(() => agent.destroy());

  it.each(PATHS)(
    'goes the whole way once for %s, and is answered again until something changes',
    async (path) => {
      await stage.install();
      const asked = jest.spyOn(nest().get(Authenticator), 'authenticate');
      for (let times = 1; times <= 20; times += 1) expect((await ask(agent, {}, path)).status).toBe(200);
      // The state of a second is worked out by the first of its requests, and remembered with the second. The next
      // renewal may be planned meanwhile.
      expect(asked.mock.calls.length).toBeLessThanOrEqual(path === RENEWAL ? 6 : 2);
      asked.mockRestore();
    },
  );

  it('has its own request id, and that of the request where it names one', async () => {
    const ids: string[] = [];
    for (let times = 1; times <= 4; times += 1)
      await new Promise<void>((resolve) => {
        const headers = {
          Authorization: `Bearer ${account.token}`,
          ...(times > 2 ? { 'X-Request-Id': `mine-${times}` } : {}),
        };
        httpRequest(new URL(CHECK, stage.service.url), { agent, headers }, (response) => {
          ids.push(String(response.headers['x-request-id']));
          response.resume().on('end', resolve);
        }).end();
      });
    expect(new Set(ids).size).toBe(4);
    expect(ids.slice(2)).toEqual(['mine-3', 'mine-4']);
  });

  it('counts every answer once, taken by the system at once or later', async () => {
    await stage.install();
    const before = await countOfChecks();
    for (let times = 1; times <= 10; times += 1) await ask(agent);
    expect(await countOfChecks()).toBe(before + 10);
    // All of them arrive before the first is answered, so most of their answers wait for the one before.
    const request = `GET ${CHECK} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${account.token}\r\n\r\n`;
    const answers = await exchange(request, request.repeat(10));
    expect(answers.match(/^true/gm)).toHaveLength(11);
    expect(new Set(answers.match(/^X-Request-Id: .*$/gm)).size).toBe(11);
    expect(await countOfChecks()).toBe(before + 21);
  });

  it('notes when its token was used last', async () => {
    await stage.install();
    const uses = nest().get(LastUses);
    for (let times = 1; times <= 3; times += 1) {
      uses.drain();
      await ask(agent);
      expect([...uses.drain()]).toEqual([[account.tokenId, stage.service.clock.now()]]);
    }
  });

  it.each<[string, Record<string, string>, string?]>([
    ['another credential', { Authorization: `Bearer ${BOOTSTRAP_TOKEN}` }],
    ['a wrong credential', { Authorization: 'Bearer licsa_wrong' }],
    ['a query', {}, `${CHECK}?at=1`],
    ['a slash more', {}, `${CHECK}/`],
    ['a body', { 'Content-Length': '0' }],
    ['an expectation', { Expect: 'something' }],
    ['another header', { Accept: 'text/html' }],
    ['an end of the connection', { Connection: 'close' }],
  ])('takes a request with %s the whole way', async (_, headers, path = CHECK) => {
    await stage.install();
    await ask(agent);
    await ask(agent);
    const whole = await askAnew(headers, path);
    expect(await ask(agent, headers, path)).toEqual(whole);
    await compare();
  });

  it('gives the same answers as new connections, after random changes', async () => {
    const event = fc.constantFrom(...(Object.keys(EVENTS) as EventName[]), 'away' as const);
    const path = fc.constantFrom(...PATHS);
    await fc.assert(
      fc.asyncProperty(path, fc.array(event, { minLength: 1, maxLength: 10 }), async (asked, history) => {
        agent.destroy();
        await begin();
        await compare(asked);
        for (const name of history) {
          if (name === 'away') await compareWhileAway(asked);
          else await EVENTS[name]();
          await compare(asked);
        }
      }),
      { numRuns: 10, seed: Number(process.env.SAMPLE_SEED) },
    );
  });
});
