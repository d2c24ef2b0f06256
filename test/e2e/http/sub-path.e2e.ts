import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { createLogger } from '../../../src/http/logger.js';
import { DIRECT_PATHS } from '../../../src/http/sub-path.js';
import { type TestDatabase, testDatabase } from '../../support/database.js';
import { operations } from '../../support/openapi.js';
import { Scrape } from '../../support/scrape.js';
import { BOOTSTRAP_TOKEN, TestService } from '../../support/service.js';
import { type Message, send } from './raw-http.js';

const ROOT_URL = 'http://localhost:3000/apps/licentia/';
const BELOW = '/apps/licentia';
const AUTHORIZED = { Authorization: `Bearer ${BOOTSTRAP_TOKEN}` };

describe('A service below a path', () => {
  let database: TestDatabase;
  let service: TestService;
  let log = '';

  beforeAll(async () => {
    database = await testDatabase();
    const logger = createLogger('info', { write: (line: string) => void (log += line) });
    service = await TestService.start(database, { ROOT_URL, SERVE_FROM_SUB_PATH: 'true' }, logger);
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  const ask = async (path: string, rest: Partial<Message> = {}) =>
    send(service.url, { path, documented: false, ...rest });

  it('answers every operation there, and nowhere else but for the probes and the metrics', async () => {
    const all = operations();
    expect(all.length).toBeGreaterThan(20);
    for (const { method, path: pattern } of all) {
      const path = pattern.replaceAll(/\{\w+\}/g, '1');
      // Without credentials: a route that is known answers 401, one that is open 200.
      const below = await ask(`${BELOW}${path}`, { method: method.toUpperCase() });
      const outside = await ask(path, { method: method.toUpperCase() });
      expect([method, path, below.status === 404]).toEqual([method, path, false]);
      expect([method, path, outside.status]).toEqual([
        method,
        path,
        DIRECT_PATHS.includes(path) ? below.status : 404,
      ]);
    }
  });

  it('lets callers in as before, and has the conventions of 404 and 405', async () => {
    const check = await ask(`${BELOW}/api/licensing/check`, { headers: AUTHORIZED });
    expect([check.status, check.body]).toEqual([200, false]);
    const other = await ask(`${BELOW}/api/licensing/check`, { method: 'PUT', headers: AUTHORIZED });
    expect([other.status, other.body.messageId, other.headers.allow]).toEqual([
      405,
      'method-not-allowed',
      'GET, HEAD',
    ]);
    for (const path of [
      '/api/licensing/check',
      BELOW,
      `${BELOW}/`,
      `${BELOW}//healthz`,
      `/x${BELOW}/healthz`,
    ]) {
      const answer = await ask(path, { headers: AUTHORIZED });
      expect([path, answer.status, answer.body.messageId]).toEqual([path, 404, 'not-found']);
    }
    const absolute = await ask(`http://example.com${BELOW}/healthz`);
    expect([absolute.status, absolute.text]).toEqual([200, 'Ok']);
  });

  it('is named as the server in its own description', async () => {
    const { text } = await ask(`${BELOW}/api/openapi.yaml`);
    const served = parse(text) as { servers: { url: string }[] };
    const file = parse(
      readFileSync(new URL('../../../docs/openapi.yaml', import.meta.url), 'utf8'),
    ) as object;
    expect(served.servers.map(({ url }) => url)).toEqual([BELOW]);
    expect({ ...served, servers: [] }).toEqual({ ...file, servers: [] });
  });

  it('has routes without the path in metrics and log, and no line for a check that succeeds', async () => {
    log = '';
    await ask(`${BELOW}/api/licensing/check`, { headers: AUTHORIZED });
    await ask(`${BELOW}/api/licensing/token`, { headers: AUTHORIZED });
    await new Promise((resolve) => setTimeout(resolve, 30));
    const routes = log
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { route: string }).route);
    expect(routes).toEqual(['/api/licensing/token']);
    const scraped = await Scrape.of(service.url);
    const labels = scraped.samples
      .map(({ labels: { route } }) => route)
      .filter((route) => route !== undefined);
    expect(labels).toContain('/api/licensing/check');
    expect(labels.filter((route) => route.includes('apps'))).toEqual([]);
  });

  it('compares ROOT_URL as before, path and all', async () => {
    const remove = async (instance: string) =>
      ask(`${BELOW}/api/licensing/token`, {
        method: 'DELETE',
        headers: { ...AUTHORIZED, 'Content-Type': 'application/json' },
        body: JSON.stringify({ instance }),
      });
    expect((await remove(ROOT_URL)).status).toBe(202);
    expect((await remove('http://localhost:3000/')).status).toBe(422);
  });
});
