import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FakeIssuer } from '../../test/support/fake-issuer/fake-issuer.js';
import type { Bench } from '../bench.js';
import { median, number, spread } from '../figures.js';
import { issuerSettings, licenseOf } from '../issuer.js';
import { ask, type Program, startProgram, startService, statusOf, TOKEN } from '../program.js';
import { seedCallers } from '../seed.js';
import { load, type LoadOptions, weigh, type Weighed } from '../wrk.js';

const CHECK = '/api/licensing/check';
const OTHERS = ['token', 'check/explain', 'timeline', 'renewal', 'token/history', 'usage'];
const CALLERS = 10_000;
const TOKENS_OF_EACH = 10;

const OURS = [
  ...['Cache-Control', 'no-store', 'X-Content-Type-Options', 'nosniff', 'X-Frame-Options', 'deny'],
  ...['Content-Type', 'application/json', 'Content-Length', '4'],
];
/** Servers of bare `node:http` that answer the check's four bytes. */
const BARE = {
  'bare `node:http`': `(request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.setHeader('Content-Length', 4);
    response.end('true');
  }`,
  'bare, our headers by `setHeader`': `(request, response) => {
    response.setHeader('X-Request-Id', 'bench-' + (count += 1).toString(36));
    for (let at = 0; at < OURS.length; at += 2) response.setHeader(OURS[at], OURS[at + 1]);
    response.end('true');
  }`,
  'bare, our headers by `writeHead`': `(request, response) => {
    response.writeHead(200, ['X-Request-Id', 'bench-' + (count += 1).toString(36), ...OURS]);
    response.end('true');
  }`,
};

interface Contestant {
  readonly name: string;
  readonly program: Program;
  readonly url: string;
  readonly options?: Partial<LoadOptions>;
  readonly results: Weighed[];
}

/** How fast each GET is answered, beside bare servers, in turns. */
export async function routes(bench: Bench): Promise<void> {
  const issuer = await FakeIssuer.start();
  const programs: Program[] = [];
  const begin = async (starting: Promise<Program>) => {
    const program = await starting;
    programs.push(program);
    return program;
  };
  try {
    const bare = [];
    for (const [name, handler] of Object.entries(BARE)) {
      const program = await begin(startProgram([process.execPath, '--eval', bareServer(handler)]));
      bare.push(contestant(name, program, ''));
    }
    const [first] = bare as [Contestant];
    const settings = issuerSettings(issuer);

    const address = await bench.database();
    const service = await begin(startService({ ...settings, DATABASE_URL: address }));
    await ask(service, 'POST', '/api/licensing/token', { token: licenseOf(issuer) });
    const baseline = bench.postgres === undefined ? [] : [await begin(startBaseline(address, issuer))];
    await measure(bench, `GET, ${bench.databaseName}`, first, [
      ...bare,
      contestant('check', service, CHECK),
      ...baseline.map((program) => contestant('a guard that asks each time', program, CHECK)),
      ...OTHERS.map((path) => contestant(`\`${path}\``, service, `/api/licensing/${path}`)),
    ]);
    if (bench.postgres !== undefined) {
      const callers = await seedCallers(address, CALLERS, TOKENS_OF_EACH);
      const file = join(bench.directory, 'callers');
      writeFileSync(file, callers.join('\n'));
      // They come by SQL, which notifies nobody.
      while ((await statusOf(service, CHECK, callers.at(-1) as string)) !== 200)
        await new Promise((go) => setTimeout(go, 200));
      const options = { script: 'callers.lua', environment: { CALLERS: file } };
      await measure(bench, `GET beside ${number(CALLERS * TOKENS_OF_EACH)} tokens`, first, [
        first,
        contestant('check, one caller', service, CHECK),
        { ...contestant(`check, ${number(CALLERS)} callers in turn`, service, CHECK), options },
      ]);
    }
    await service.stop();

    const embedded = await begin(startService({ ...settings, DATABASE_URL: bench.embedded() }));
    await ask(embedded, 'POST', '/api/licensing/token', { token: licenseOf(issuer) });
    await measure(bench, 'GET, embedded', first, [first, contestant('check', embedded, CHECK)]);
  } finally {
    for (const program of programs) await program.stop();
    await issuer.stop();
  }
}

function contestant(name: string, program: Program, path: string): Contestant {
  return { name, program, url: `${program.url}${path}`, results: [] };
}

/** Measures them in turns, so that what else the machine does hits all of them. */
async function measure(
  bench: Bench,
  title: string,
  first: Contestant,
  contestants: readonly Contestant[],
): Promise<void> {
  for (const { results } of contestants) results.length = 0;
  for (const { url, options } of contestants) await load(url, { seconds: 1, ...options });
  for (let round = 0; round < bench.rounds; round += 1) {
    for (const { name, program, url, options, results } of contestants) {
      const measured = await weigh(program, url, { seconds: bench.seconds, ...options });
      if (measured.faults > 0) throw new Error(`${name}: ${measured.faults} answers were no 200`);
      results.push(measured);
    }
  }
  const row = bench.table(title);
  const middle = ({ results }: Contestant, what: 'rate' | 'p99' | 'processor') =>
    median(results.map((result) => result[what]));
  for (const one of contestants) {
    row(one.name, {
      'requests/s, median': number(middle(one, 'rate')),
      rounds: spread(one.results.map(({ rate }) => rate)),
      'of bare': (middle(one, 'rate') / middle(first, 'rate')).toFixed(2),
      'p99, ms': middle(one, 'p99').toFixed(2),
      'p99, times bare': (middle(one, 'p99') / middle(first, 'p99')).toFixed(1),
      'processor, µs': middle(one, 'processor').toFixed(1),
      'processor of bare': (middle(first, 'processor') / middle(one, 'processor')).toFixed(2),
    });
  }
}

function bareServer(handler: string): string {
  return `
    const OURS = ${JSON.stringify(OURS)};
    let count = 0;
    const server = require('node:http').createServer(${handler});
    server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ url: 'http://127.0.0.1:' + server.address().port })));
  `;
}

async function startBaseline(address: string, issuer: FakeIssuer): Promise<Program> {
  const [runner, main] = ['../../scripts/run-typescript.mjs', '../baseline.ts'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return startProgram([process.execPath, runner as string, main as string], {
    DATABASE_URL: address,
    TOKEN_HASH: createHash('sha256').update(TOKEN).digest('base64url'),
    LICENSE: licenseOf(issuer),
    KEY: JSON.stringify(issuer.key.jwk),
  });
}
