// Runs the alert rules of deploy/prometheus against their recorded values with Prometheus' own promtool, and lets it judge
// the example configuration and a recorded scrape.
//
//   node scripts/check-alerts.mjs            promtool of PROMTOOL, of the PATH or of .cache
//   node scripts/check-alerts.mjs --fetch    fetches it into .cache, where Debian's packages can be reached, and ends with 0
//   node scripts/check-alerts.mjs --find     prints where it is; ends with 1 when it is nowhere
//   node scripts/check-alerts.mjs --help
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const RULES = join(ROOT, 'deploy/prometheus');
const CACHED = join(ROOT, '.cache/promtool');

if (process.argv.includes('--help')) {
  const lines = readFileSync(new URL(import.meta.url), 'utf8').split('\n');
  console.log(
    lines
      .slice(0, 7)
      .map((line) => line.replace(/^\/\/ ?/, ''))
      .join('\n'),
  );
} else if (process.argv.includes('--find')) {
  const promtool = find();
  if (promtool === undefined) process.exitCode = 1;
  else console.log(promtool);
} else if (process.argv.includes('--fetch')) {
  if (find() === undefined) fetchPromtool();
} else {
  process.exitCode = check() ? 0 : 1;
}

function check() {
  const promtool = find();
  if (promtool === undefined) {
    console.error('promtool is not here: install Prometheus, or set PROMTOOL to its path');
    return false;
  }
  const runs = [
    ['check', 'config', 'prometheus.yml'],
    ['test', 'rules', 'licentia.rules.test.yml'],
  ].map((args) => spawnSync(promtool, args, { cwd: RULES, stdio: ['ignore', 'inherit', 'inherit'] }));
  for (const name of ['recorded.prom', 'recorded-issuer.prom']) {
    const input = readFileSync(join(RULES, name));
    runs.push(spawnSync(promtool, ['check', 'metrics'], { input, stdio: ['pipe', 'inherit', 'inherit'] }));
  }
  return runs.every(({ status }) => status === 0);
}

function find() {
  if (process.env.PROMTOOL) return process.env.PROMTOOL;
  return ['promtool', CACHED].find((name) => spawnSync(name, ['--version']).status === 0);
}

/** Debian's package, unpacked and not installed: nothing is started, and nothing of it stays but the one program. */
function fetchPromtool() {
  const directory = mkdtempSync(join(tmpdir(), 'licentia-promtool-'));
  try {
    console.log('Fetching promtool …');
    const run = (...command) =>
      spawnSync(command[0], command.slice(1), { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] })
        .status === 0;
    const download = () => run('apt-get', '-o', 'APT::Sandbox::User=root', 'download', 'prometheus');
    // The lists of packages may be there already, or old.
    if (!download() && run('apt-get', 'update')) {
      download();
    }
    const archive = readdirSync(directory).find((name) => name.endsWith('.deb'));
    if (archive === undefined || !run('dpkg', '-x', archive, 'unpacked')) {
      console.log('promtool could not be fetched: the check of the alert rules will be skipped');
      return;
    }
    mkdirSync(join(ROOT, '.cache'), { recursive: true });
    run('cp', 'unpacked/usr/bin/promtool', CACHED);
    if (existsSync(CACHED)) console.log(`promtool is in ${CACHED}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
