import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Bench } from '../bench.js';
import { median, number } from '../figures.js';
import { ask, type Program, processorSeconds, startService } from '../program.js';
import { READER, readEverything, seedCallers, seedCustomRole } from '../seed.js';

const ACCOUNTS = 1_000;
const TOKENS_OF_EACH = 100;
/** Other replicas ask the database every 500 ms. */
const UNTIL_READ_MS = 800;
const ROLES = '/api/access-control/users/2/roles';
const CUSTOM_ROLE = 'bench';
const ACCOUNT = '/api/serviceaccounts/2';

/**
 * What a change of a service account costs each replica beside many tokens: its processor time, and how long its event loop
 * was stopped at most until the change was read. "Nothing" is as much time without a change.
 */
export async function change(bench: Bench): Promise<void> {
  if (bench.postgres === undefined) return;
  const address = await bench.database();
  const settings = { DATABASE_URL: address, AUTO_REFRESH_LICENSE: 'false', MAX_TOKENS_PER_ACCOUNT: '1000' };
  const watched = { watched: true };
  const replicas = [await startService(settings, watched), await startService(settings, watched)];
  const [first] = replicas as [Program];
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  const changes: Readonly<Record<string, (index: number) => unknown>> = {
    nothing: () => undefined,
    'a role is given or taken': (index) =>
      index % 2 === 0
        ? ask(first, 'DELETE', `${ROLES}/${READER}`)
        : ask(first, 'POST', ROLES, { roleUid: READER }),
    'a custom role that every account has changes': (index) =>
      ask(first, 'PUT', `/api/access-control/roles/${CUSTOM_ROLE}`, {
        name: `custom:${CUSTOM_ROLE}`,
        version: index + 1,
        permissions: [{ action: index % 2 === 0 ? 'audit:read' : 'licensing:read' }],
      }),
    'an account is disabled or enabled': (index) =>
      ask(first, 'PATCH', ACCOUNT, { isDisabled: index % 2 === 0 }),
    'a new token': (index) => ask(first, 'POST', `${ACCOUNT}/tokens`, { name: `bench ${index}` }),
    'everything is read again': () => readEverything(client),
  };
  try {
    await seedCallers(address, ACCOUNTS, TOKENS_OF_EACH);
    await seedCustomRole(client, CUSTOM_ROLE);
    const row = bench.table(`a change beside ${number(ACCOUNTS * TOKENS_OF_EACH)} tokens`);
    await sleep(5 * UNTIL_READ_MS);
    for (const [name, work] of Object.entries(changes)) {
      const costs = replicas.map(() => ({ delays: [] as number[], times: [] as number[] }));
      for (let index = 0; index < 2 * bench.rounds; index += 1) {
        for (const replica of replicas) await replica.eventLoopDelay();
        const before = replicas.map(processorSeconds);
        await work(index);
        await sleep(UNTIL_READ_MS);
        for (const [at, replica] of replicas.entries()) {
          costs[at]?.times.push((processorSeconds(replica) - (before[at] as number)) * 1_000);
          costs[at]?.delays.push(await replica.eventLoopDelay());
        }
      }
      for (const [at, { delays, times }] of costs.entries()) {
        row(`${name}, replica ${at + 1}`, {
          'processor, median ms': median(times).toFixed(0),
          'event loop stopped, median ms': median(delays).toFixed(0),
          'longest, ms': Math.max(...delays).toFixed(0),
        });
      }
    }
  } finally {
    await client.end();
    for (const replica of replicas) await replica.stop();
  }
}
