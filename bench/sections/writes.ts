import { FakeIssuer } from '../../test/support/fake-issuer/fake-issuer.js';
import type { Bench } from '../bench.js';
import { number, quantile } from '../figures.js';
import { issuerSettings, licenseOf } from '../issuer.js';
import { ask, startService } from '../program.js';

/** Calls that change or inspect the license: one caller, who asks again as soon as the answer is there. */
export async function writes(bench: Bench): Promise<void> {
  for (const address of bench.postgres === undefined ? [] : [await bench.database()])
    await measure(bench, address, 'PostgreSQL');
  await measure(bench, bench.embedded(), 'embedded');
}

async function measure(bench: Bench, address: string, name: string): Promise<void> {
  const issuer = await FakeIssuer.start();
  const service = await startService({ ...issuerSettings(issuer), DATABASE_URL: address });
  let later = 0;
  const calls: Readonly<Record<string, () => Promise<string>>> = {
    'install a newer token': () =>
      ask(service, 'POST', '/api/licensing/token', { token: licenseOf(issuer, (later += 1)) }),
    inspect: () =>
      ask(service, 'POST', '/api/licensing/token/inspect', { token: licenseOf(issuer, later + 1) }),
    renew: () => ask(service, 'POST', '/api/licensing/token/renew'),
  };
  const row = bench.table(`writes, ${name}`);
  try {
    for (const [what, call] of Object.entries(calls)) {
      for (let warm = 0; warm < 10; warm += 1) await call();
      const times: number[] = [];
      const until = performance.now() + bench.seconds * 1_000;
      while (performance.now() < until) {
        const asked = performance.now();
        await call();
        times.push(performance.now() - asked);
      }
      row(what, {
        'calls/s': number(1_000 / (times.reduce((sum, time) => sum + time, 0) / times.length)),
        'p50, ms': quantile(times, 0.5).toFixed(1),
        'p99, ms': quantile(times, 0.99).toFixed(1),
      });
    }
  } finally {
    await service.stop();
    await issuer.stop();
  }
}
