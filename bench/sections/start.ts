import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FakeIssuer } from '../../test/support/fake-issuer/fake-issuer.js';
import type { Bench } from '../bench.js';
import { median, number } from '../figures.js';
import { issuerSettings, licenseOf } from '../issuer.js';
import { ask, type Program, residentMegabytes, startProgram, startService, untilReady } from '../program.js';
import { load } from '../wrk.js';

/** The issuer takes the port after it. */
const QUICKSTART_PORT = '38410';
const MILLION = 1_000_000;
/** How long the service has nothing to do before its memory is read, seconds. */
const IDLE_SECONDS = 10;

/** How long a start takes until the service is ready, and how much memory the service has. */
export async function start(bench: Bench): Promise<void> {
  const row = bench.table('start and memory');
  const times = async (name: string, begin: (round: number) => Promise<Program>) => {
    const took: number[] = [];
    for (let round = 0; round < bench.rounds; round += 1) {
      const program = await begin(round);
      took.push(program.startedIn + (await untilReady(program)));
      await program.stop();
    }
    row(name, { median: seconds(median(took)), longest: seconds(Math.max(...took)) });
  };
  if (bench.postgres !== undefined) {
    const address = await bench.database();
    await times('ready, PostgreSQL, first start', async () =>
      startService({ DATABASE_URL: await bench.database() }),
    );
    await times('ready, PostgreSQL', async () => startService({ DATABASE_URL: address }));
  }
  const address = bench.embedded();
  await times('ready, embedded, first start', async () => startService({ DATABASE_URL: bench.embedded() }));
  await times('ready, embedded', async () => startService({ DATABASE_URL: address }));
  const quickstart = fileURLToPath(new URL('../../dist/quickstart.js', import.meta.url));
  await times('ready, the quickstart, first start', async (round) => {
    const directory = join(bench.directory, `quickstart-${round}`);
    mkdirSync(directory);
    return startProgram([process.execPath, quickstart], { PORT: QUICKSTART_PORT }, { directory });
  });

  const issuer = await FakeIssuer.start();
  try {
    const databases: [string, string][] = [['embedded', address]];
    if (bench.postgres !== undefined) databases.unshift(['PostgreSQL', await bench.database()]);
    for (const [name, database] of databases) {
      const service = await startService({ ...issuerSettings(issuer), DATABASE_URL: database });
      await ask(service, 'POST', '/api/licensing/token', { token: licenseOf(issuer) });
      await new Promise((go) => setTimeout(go, IDLE_SECONDS * 1_000));
      row(`memory, ${name}, idle`, { median: `${residentMegabytes(service)} MB` });
      let checks = 0;
      while (checks < MILLION) {
        const { requests, faults } = await load(`${service.url}/api/licensing/check`, { seconds: 5 });
        if (faults > 0) throw new Error(`${faults} checks failed`);
        checks += requests;
      }
      row(`memory, ${name}, after ${number(MILLION)} checks`, { median: `${residentMegabytes(service)} MB` });
      await service.stop();
    }
  } finally {
    await issuer.stop();
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(2)} s`;
}
