// Sends far more requests to the service than `npm test` does: the suites of test/fuzz, round after round, each round with
// a seed of its own, a new service and a new database.
//
//   npm run fuzz -- --help
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const JEST = fileURLToPath(new URL('../node_modules/jest/bin/jest.js', import.meta.url));
const MAX_SEED = 2 ** 31 - 1;
/** Requests of one round: what `npm test` sends. The database stays small that way. */
const ROUND = 20_000;
/** A round that takes longer hangs: milliseconds. */
const MAX_ROUND_MS = 20 * 60_000;
const HELP = `Usage: npm run fuzz -- [options]

Fuzzes the service in this process's children, on the embedded database or on that of TEST_DATABASE_URL.

  --requests <n>  how many requests to send, in rounds of ${ROUND.toLocaleString('en-US')} (default 200000)
  --minutes <n>   begin no round after so many minutes (default 60)
  --seed <n>      the first round's seed, the next ones count on from it (default: by chance)
  --only <text>   only the tests whose title has this text, a pattern of jest
  --path <path>   begin at this place of the only test's requests: shows a finding again, in one round
  --help          this

It ends with 0 when nothing was found, 1 after a finding, 2 when it is called wrongly. A finding is printed with the
command that shows it again.`;

const options = read();
const started = performance.now();
const total = { requests: 0, rounds: 0, statuses: {} };
let failed = false;
while (total.requests < options.requests && !failed && minutes() < options.minutes) {
  const round = fuzz(options.seed + total.rounds, Math.min(ROUND, options.requests - total.requests));
  failed = round.failed;
  total.rounds += 1;
  total.requests += round.requests;
  for (const [status, count] of Object.entries(round.statuses)) {
    total.statuses[status] = (total.statuses[status] ?? 0) + count;
  }
  console.log(
    `round ${total.rounds}: ${number(total.requests)} of ${number(options.requests)} requests, ` +
      `${minutes().toFixed(1)} minutes${failed ? ', with a finding' : ''}`,
  );
  if (options.path !== undefined || round.requests === 0) break;
}
const answers = Object.entries(total.statuses).map(([status, count]) => `${status}: ${number(count)}`);
console.log(
  `${number(total.requests)} requests in ${total.rounds} rounds from seed ${options.seed}, ` +
    `${minutes().toFixed(1)} minutes, ${failed ? 'a finding' : 'nothing found'} (${answers.join(', ')})`,
);
process.exitCode = failed ? 1 : 0;

function fuzz(seed, requests) {
  const directory = mkdtempSync(join(tmpdir(), 'licentia-fuzz-'));
  const report = join(directory, 'report.jsonl');
  writeFileSync(report, '');
  const only = options.only === undefined ? [] : ['-t', options.only];
  const { status, signal } = spawnSync(
    process.execPath,
    [
      ...['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', JEST, '--maxWorkers=2'],
      ...['--silent', 'test/fuzz', ...only],
    ],
    {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: MAX_ROUND_MS,
      env: {
        ...process.env,
        FUZZ_SEED: String(seed),
        FUZZ_REQUESTS: String(requests),
        FUZZ_REPORT: report,
        ...(options.path === undefined ? {} : { FUZZ_PATH: options.path }),
      },
    },
  );
  if (signal !== null) console.error(`The round was ended by ${signal}: it hung, or somebody stopped it.`);
  const suites = readFileSync(report, 'utf8').split('\n').filter(Boolean);
  rmSync(directory, { recursive: true, force: true });
  const round = { failed: status !== 0, requests: 0, statuses: {} };
  for (const line of suites) {
    const suite = JSON.parse(line);
    round.requests += suite.requests;
    for (const [answer, count] of Object.entries(suite.statuses)) {
      round.statuses[answer] = (round.statuses[answer] ?? 0) + count;
    }
  }
  return round;
}

function read() {
  try {
    const { values } = parseArgs({
      options: {
        requests: { type: 'string', default: '200000' },
        minutes: { type: 'string', default: '60' },
        seed: { type: 'string', default: String(1 + Math.floor(Math.random() * 1_000_000_000)) },
        only: { type: 'string' },
        path: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(HELP);
      process.exit(0);
    }
    return {
      requests: whole('requests', values.requests, 100_000_000),
      minutes: whole('minutes', values.minutes, 10_000),
      seed: whole('seed', values.seed, MAX_SEED - 10_000),
      only: values.only,
      path: values.path,
    };
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exit(2);
  }
}

function whole(name, text, most) {
  const value = /^\d{1,12}$/.test(text) ? Number(text) : NaN;
  if (!(value >= 1 && value <= most)) throw new Error(`--${name} must be a whole number from 1 to ${most}`);
  return value;
}

function minutes() {
  return (performance.now() - started) / 60_000;
}

function number(value) {
  return value.toLocaleString('en-US');
}
