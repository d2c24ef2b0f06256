// Runs the unit tests on the other releases of Node that the product supports: a rule of ours must not depend on the runtime.
//
//   node scripts/check-nodes.mjs            on the newest one; ends with 77 when .cache/nodes does not have it
//   node scripts/check-nodes.mjs --others   on the rest of them
//   node scripts/check-nodes.mjs --fetch [--others]
//                                           fetches it, or the rest, by npm (some 100 MB each) and ends with 0
//   node scripts/check-nodes.mjs --help
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What `engines` and the image promise: the oldest that works, and the supported lines. */
const RELEASES = ['20.19', '22', '24'];
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CACHE = join(ROOT, '.cache/nodes');
/** The package that has nothing but the program: npm's `node` fetches it in an install script. */
const PACKAGE = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const UNIT_TESTS = ['domain', 'config', 'access', 'http', 'issuer', 'metrics', 'clock', 'vectors'].map(
  (folder) => `test/${folder}/`,
);
const SKIPPED = 77;

const others = RELEASES.filter((release) => !process.versions.node.startsWith(`${release}.`));
const isOthers = process.argv.includes('--others');
const asked = isOthers ? others.slice(0, -1) : others.slice(-1);

if (process.argv.includes('--help')) {
  const lines = readFileSync(new URL(import.meta.url), 'utf8')
    .split('\n')
    .slice(0, 7);
  console.log(lines.map((line) => line.replace(/^\/\/ ?/, '')).join('\n'));
} else if (process.argv.includes('--fetch')) {
  for (const release of asked.filter((one) => !existsSync(programOf(one)))) fetchRelease(release);
} else {
  process.exitCode = check();
}

function check() {
  const found = asked.filter((release) => existsSync(programOf(release)));
  const missing = asked.filter((release) => !found.includes(release));
  if (missing.length > 0) {
    const command = `node scripts/check-nodes.mjs --fetch${isOthers ? ' --others' : ''}`;
    console.log(`Node ${missing.join(' and ')} not tried: \`${command}\` brings it.`);
  }
  if (found.length === 0) return SKIPPED;
  const passed = found.map((release) => {
    const { stdout } = spawnSync(programOf(release), ['--version'], { encoding: 'utf8' });
    console.log(`Node ${stdout.trim()}`);
    const environment = { ...process.env };
    delete environment.TEST_DATABASE_URL;
    const { status } = spawnSync(programOf(release), ['scripts/test.mjs', ...UNIT_TESTS], {
      cwd: ROOT,
      env: environment,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    return status === 0;
  });
  return passed.every(Boolean) ? 0 : 1;
}

function programOf(release) {
  return join(
    CACHE,
    release,
    'node_modules',
    PACKAGE,
    process.platform === 'win32' ? 'node.exe' : 'bin/node',
  );
}

function fetchRelease(release) {
  console.log(`Fetching Node ${release} …`);
  const directory = join(CACHE, release);
  mkdirSync(directory, { recursive: true });
  const { status } = spawnSync(
    'npm',
    ['install', '--silent', '--no-save', '--no-package-lock', '--prefix', directory, `${PACKAGE}@${release}`],
    { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'], timeout: 180_000 },
  );
  if (status !== 0) console.log(`Node ${release} could not be fetched: nothing is tried on it`);
}
