import { FakeIssuer } from '../../test/support/fake-issuer/fake-issuer.js';
import type { Bench } from '../bench.js';
import { quantile } from '../figures.js';
import { issuerSettings, licenseOf } from '../issuer.js';
import { ask, type Program, processorSeconds, startService, statusOf } from '../program.js';
import { READER } from '../seed.js';

const CHECK = '/api/licensing/check';
const CHANGES = 200;
const IDLE_SECONDS = 10;
const MAX_WAIT_MS = 30_000;

/** How soon another replica answers a change, and what an idle replica costs. On PostgreSQL, where replicas can be. */
export async function convergence(bench: Bench): Promise<void> {
  if (bench.postgres === undefined) return;
  const issuer = await FakeIssuer.start();
  const settings = { ...issuerSettings(issuer), DATABASE_URL: await bench.database() };
  const first = await startService(settings);
  const second = await startService(settings);
  try {
    const row = bench.table('a change, seen by another replica');
    await sleep(3_000);
    const before = processorSeconds(second);
    await sleep(IDLE_SECONDS * 1_000);
    const used = ((processorSeconds(second) - before) * 1_000) / IDLE_SECONDS;
    row('an idle replica', { 'of a core, ms a second': used.toFixed(1) });
    for (const [name, times] of [
      ['a license is installed or removed', await installAndRemove(first, second, issuer)],
      ['a token is revoked', await revoke(first, second)],
    ] as const) {
      row(`${name}, ${times.length} times`, {
        'median, ms': quantile(times, 0.5).toFixed(0),
        'p95, ms': quantile(times, 0.95).toFixed(0),
        'longest, ms': Math.max(...times).toFixed(0),
      });
    }
  } finally {
    await first.stop();
    await second.stop();
    await issuer.stop();
  }
}

/** @returns how long the other replica took to answer each change, milliseconds */
async function installAndRemove(first: Program, second: Program, issuer: FakeIssuer): Promise<number[]> {
  const times = [];
  for (let at = 0; at < CHANGES / 2; at += 1) {
    await ask(first, 'POST', '/api/licensing/token', { token: licenseOf(issuer, at) });
    times.push(await waitFor(() => ask(second, 'GET', CHECK), 'true'));
    await ask(first, 'DELETE', '/api/licensing/token', { instance: 'http://localhost:3000/' });
    times.push(await waitFor(() => ask(second, 'GET', CHECK), 'false'));
  }
  return times;
}

async function revoke(first: Program, second: Program): Promise<number[]> {
  const times = [];
  const { id: account } = await made(first, '/api/serviceaccounts', { name: 'bench' });
  await ask(first, 'POST', `/api/access-control/users/${account}/roles`, { roleUid: READER });
  const path = `/api/serviceaccounts/${account}/tokens`;
  for (let at = 0; at < CHANGES; at += 1) {
    const { id, key } = await made(first, path, { name: `t${at}` });
    await waitFor(() => statusOf(second, CHECK, key), 200);
    await ask(first, 'PATCH', `${path}/${id}`, { isRevoked: true });
    times.push(await waitFor(() => statusOf(second, CHECK, key), 401));
    // An account has a limited number of them.
    await ask(first, 'DELETE', `${path}/${id}`);
  }
  return times;
}

async function made(program: Program, path: string, body: unknown): Promise<{ id: number; key: string }> {
  return JSON.parse(await ask(program, 'POST', path, body)) as { id: number; key: string };
}

async function waitFor<Answer>(question: () => Promise<Answer>, answer: Answer): Promise<number> {
  const begun = performance.now();
  while ((await question()) !== answer) {
    if (performance.now() - begun > MAX_WAIT_MS)
      throw new Error('the other replica does not answer the change');
    await sleep(2);
  }
  return performance.now() - begun;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
