import { parseArgs } from 'node:util';
import { missing, roll } from './rolling.js';

const HELP = `Replicas of the service behind HAProxy (deploy/haproxy/haproxy.cfg), over one PostgreSQL and PgBouncer where it is installed.
They are restarted in turn while clients ask 500 times a second over connections that they keep. No request may fail.

Usage: npm run rolling -- [options]     TEST_DATABASE_URL names the server

  --restarts <n>   how many (default 20)
  --replicas <n>   how many, two or more (default 3)
  --rate <n>       requests a second (default 500)
  --kill           kill -9 in the place of SIGTERM. Clients ask only what can be repeated (GET), as HAProxy repeats it
  --help           print this

Ends with 0 when no request failed, 1 when one did, 2 for wrong usage, 77 when it cannot run here.`;
const SKIPPED = 77;
const SHOWN = 20;

const { values } = parseArgs({
  options: {
    restarts: { type: 'string', default: '20' },
    replicas: { type: 'string', default: '3' },
    rate: { type: 'string', default: '500' },
    kill: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const server = process.env.TEST_DATABASE_URL ?? '';
const [restarts, replicas, rate] = [values.restarts, values.replicas, values.rate].map(Number);

if (values.help) console.log(HELP);
else if (!isCount(restarts, 1) || !isCount(replicas, 2) || !isCount(rate, 1)) {
  console.error('--restarts and --rate take a whole number from 1, --replicas one from 2');
  process.exitCode = 2;
} else if (missing(server) !== undefined) {
  console.log(`SKIPPED: no replica was restarted: ${missing(server)}`);
  process.exitCode = SKIPPED;
} else {
  const how = values.kill ? 'kill' : 'end';
  const result = await roll({ server, restarts, replicas, rate, how, say: (line) => console.log(line) });
  const { failures, deaths } = result;
  console.log(
    [
      `replicas: ${replicas} behind HAProxy, ${result.behindPgBouncer ? 'over PgBouncer' : 'PostgreSQL without PgBouncer'}`,
      `restarts: ${restarts} by ${values.kill ? 'SIGKILL' : 'SIGTERM'}`,
      `requests: ${result.sent}, answered rightly ${result.answered}, failed ${failures.length}`,
      `answers: median ${result.median.toFixed(1)} ms, 99th percentile ${result.p99.toFixed(1)} ms`,
    ].join('\n'),
  );
  for (const { at, what, why } of failures.slice(0, SHOWN)) console.log(`  after ${at} ms, ${what}: ${why}`);
  for (const death of deaths) console.log(`  ended badly: ${death}`);
  process.exitCode = failures.length + deaths.length > 0 ? 1 : 0;
}

function isCount(value: number | undefined, least: number): value is number {
  return Number.isInteger(value) && (value ?? 0) >= least;
}
