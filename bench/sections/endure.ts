import { FakeIssuer } from '../../test/support/fake-issuer/fake-issuer.js';
import type { Bench } from '../bench.js';
import { number, slope } from '../figures.js';
import { issuerSettings, licenseOf } from '../issuer.js';
import { ask, residentMegabytes, startService } from '../program.js';
import { load } from '../wrk.js';
import { recovered, TROUBLES } from './trouble.js';

const MINUTES = 10;
const MIN_CHECKS = 1_000_000;
/** How long each trouble lasts. */
const SECONDS_OF_EACH = 10;
const SAMPLE_MS = 5_000;
/** What is read at first is not growth, minutes. */
const WARM_MINUTES = 2;

/**
 * A million checks or more, in ten minutes of one trouble after the other. Prints how many answers were wrong or
 * failed, and how the memory grows.
 */
export async function endure(bench: Bench): Promise<void> {
  const issuer = await FakeIssuer.start({ lifetime: 86_400 });
  const service = await startService({ ...issuerSettings(issuer), DATABASE_URL: await bench.database() });
  const samples: [minutes: number, megabytes: number][] = [];
  const begun = performance.now();
  const minutes = () => (performance.now() - begun) / 60_000;
  const timer = setInterval(() => samples.push([minutes(), residentMegabytes(service)]), SAMPLE_MS);
  const names = Object.keys(TROUBLES).filter(
    (name) => bench.postgres !== undefined || !name.startsWith('PostgreSQL'),
  );
  let [checks, faults, troubles] = [0, 0, 0];
  const times = { postgres: bench.postgres, seconds: SECONDS_OF_EACH };
  try {
    await ask(service, 'POST', '/api/licensing/token', { token: licenseOf(issuer) });
    while (minutes() < MINUTES || checks < MIN_CHECKS) {
      const begin = TROUBLES[names[troubles % names.length] as string];
      troubles += 1;
      const end = await begin?.(service, issuer, times);
      const url = `${service.url}/api/licensing/check`;
      const result = await load(url, { seconds: SECONDS_OF_EACH, script: 'licensed.lua' });
      checks += result.requests;
      faults += result.faults;
      await end?.();
      await recovered(service);
    }
  } finally {
    clearInterval(timer);
    await service.stop();
    await issuer.stop();
  }
  const later = samples.filter(([minute]) => minute > WARM_MINUTES);
  bench.table('endurance')(`${troubles} troubles in ${minutes().toFixed(0)} minutes, ${bench.databaseName}`, {
    checks: number(checks),
    'wrong or failed': faults,
    'memory at most, MB': Math.max(...samples.map(([, megabytes]) => megabytes)),
    [`growth after ${WARM_MINUTES} minutes, MB a minute`]: slope(later).toFixed(2),
  });
}
