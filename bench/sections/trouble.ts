import { connect, type Socket } from 'node:net';
import { FakeIssuer } from '../../test/support/fake-issuer/fake-issuer.js';
import type { Bench } from '../bench.js';
import { median, number } from '../figures.js';
import { issuerSettings, licenseOf } from '../issuer.js';
import { ask, type Program, startService } from '../program.js';
import { weigh, type Weighed } from '../wrk.js';

const SLOW_CONNECTIONS = 500;
/** Between the bytes of a slow connection. */
const SLOW_MS = 200;
/** Renewals that callers ask for. */
const STORM_PER_SECOND = 50;
const LATE_MS = 5_000;

/** @param times - `seconds` is how long it lasts. @returns what ends the trouble */
type Trouble = (
  service: Program,
  issuer: FakeIssuer,
  times: Pick<Bench, 'postgres' | 'seconds'>,
) => Promise<() => Promise<void>>;

export const TROUBLES: Readonly<Record<string, Trouble>> = {
  'the issuer answers no renewal': async (service, issuer) => {
    const held = issuer.holdRenewals();
    const asked = ask(service, 'POST', '/api/licensing/token/renew').catch(() => undefined);
    await held.arrived;
    return async () => {
      held.release();
      await asked;
    };
  },
  'the key set is down': async (service, issuer) => {
    issuer.answerKeySet({ status: 500 });
    const unknown = issuer.rotate(true);
    const end = every(1_000 / STORM_PER_SECOND, async () => {
      const token = issuer.token({}, unknown);
      await ask(service, 'POST', '/api/licensing/token/inspect', { token }).catch(() => undefined);
    });
    return async () => {
      await end();
      issuer.answerKeySet();
    };
  },
  [`${STORM_PER_SECOND} renewals a second are asked for`]: async (service) =>
    every(1_000 / STORM_PER_SECOND, async () => {
      await ask(service, 'POST', '/api/licensing/token/renew').catch(() => undefined);
    }),
  'PostgreSQL is killed, and starts again': async (_service, _issuer, { postgres, seconds }) => {
    if (postgres === undefined) throw new Error('there is no PostgreSQL');
    await postgres.kill();
    const started = sleep((seconds * 1_000) / 2).then(() => postgres.start());
    return async () => started;
  },
  [`${SLOW_CONNECTIONS} connections send a byte in ${SLOW_MS} ms`]: async (service) => {
    const port = Number(new URL(service.url).port);
    const sockets: Socket[] = [];
    const open = () => {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      socket.resume().write('GET /api/licensing/check HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
      return socket;
    };
    for (let count = 0; count < SLOW_CONNECTIONS; count += 1) sockets.push(open());
    const timer = setInterval(() => {
      for (const [at, socket] of sockets.entries()) {
        if (socket.destroyed || !socket.writable) sockets[at] = open();
        else socket.write('a');
      }
    }, SLOW_MS);
    await sleep(SLOW_MS);
    return async () => {
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
    };
  },
};

/** What the check keeps of its rate in trouble, in turns with none. */
export async function trouble(bench: Bench): Promise<void> {
  const issuer = await FakeIssuer.start({ lifetime: 86_400 });
  const service = await startService({ ...issuerSettings(issuer), DATABASE_URL: await bench.database() });
  const row = bench.table(`check in trouble, ${bench.databaseName}`);
  const measure = () =>
    weigh(service, `${service.url}/api/licensing/check`, { seconds: bench.seconds, script: 'licensed.lua' });
  try {
    await ask(service, 'POST', '/api/licensing/token', { token: licenseOf(issuer) });
    await measure();
    for (const [name, begin] of Object.entries(TROUBLES)) {
      if (name.startsWith('PostgreSQL') && bench.postgres === undefined) continue;
      const [healthy, troubled]: [Weighed[], Weighed[]] = [[], []];
      for (let round = 0; round < bench.rounds; round += 1) {
        healthy.push(await measure());
        const end = await begin(service, issuer, bench);
        troubled.push(await measure());
        await end();
        await recovered(service);
      }
      const [before, during] = [healthy, troubled].map((results) => ({
        rate: median(results.map(({ rate }) => rate)),
        p99: median(results.map(({ p99 }) => p99)),
        processor: median(results.map(({ processor }) => processor)),
      })) as [Omit<Weighed, 'requests' | 'faults'>, Omit<Weighed, 'requests' | 'faults'>];
      row(name, {
        'healthy, requests/s': number(before.rate),
        'in trouble': number(during.rate),
        kept: (during.rate / before.rate).toFixed(2),
        'processor, µs': during.processor.toFixed(1),
        'kept by processor': (before.processor / during.processor).toFixed(2),
        'p99, ms': during.p99.toFixed(1),
        'p99, times healthy': (during.p99 / before.p99).toFixed(1),
        'wrong or failed': [...healthy, ...troubled].reduce((sum, { faults }) => sum + faults, 0),
      });
    }
  } finally {
    await service.stop();
    await issuer.stop();
  }
}

/** Waits until the service says that it is ready, and a while more for what it catches up with. */
export async function recovered(service: Program): Promise<void> {
  const until = performance.now() + 30_000;
  while (!(await fetch(`${service.url}/readyz`)).ok && performance.now() < until) await sleep(50);
  await sleep(500);
}

/** Does something at a steady pace, whether what came before has ended or not. @returns ends it, and waits for all */
function every(milliseconds: number, work: () => Promise<void>): () => Promise<void> {
  const under = new Set<Promise<void>>();
  const timer = setInterval(() => {
    const one = work().finally(() => under.delete(one));
    under.add(one);
  }, milliseconds);
  return async () => {
    clearInterval(timer);
    await Promise.race([Promise.all(under), sleep(LATE_MS)]);
  };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
