import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExitCode } from '../../src/cli/exit-code.js';
import { profileNames, removeProfile, saveProfile } from '../../src/cli/profiles.js';
import { isReadingFiles } from '../../src/config/file-deadline.js';
import { copyDatabases } from '../support/database.js';
import { HungFileSystem } from '../support/hung-file-system.js';

const LICENTIA = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** A command line, its environment, and what it says. `<hung>` is a directory whose file system hangs. */
const ROWS: [string, Readonly<Record<string, string>>, string][] = [
  ['check', { LICENTIA_TOKEN_FILE: '<hung>/a' }, 'The file of LICENTIA_TOKEN_FILE cannot be read: it'],
  [
    'show',
    { LICENTIA_USER: 'ada', LICENTIA_PASSWORD_FILE: '<hung>/a' },
    'The file of LICENTIA_PASSWORD_FILE cannot be read: it',
  ],
  ['install <hung>/a', {}, 'The file <hung>/a cannot be read: it'],
  ['inspect <hung>/a --json', {}, 'The file <hung>/a cannot be read: it'],
  ['verify <hung>/a --keys <hung>/b', {}, 'The file <hung>/b cannot be read: it'],
  [
    'check',
    { XDG_CONFIG_HOME: '<hung>' },
    'The profile <hung>/licentia/profiles/default.json cannot be read: it',
  ],
  ['profiles', { XDG_CONFIG_HOME: '<hung>' }, '<hung>/licentia/profiles, cannot be read: it'],
  ['logout', { XDG_CONFIG_HOME: '<hung>' }, 'default.json cannot be removed: it was not removed'],
  // It would lose the other half of the profile.
  ['login --token-stdin', { XDG_CONFIG_HOME: '<hung>' }, 'default.json cannot be read: it'],
  ['doctor', { XDG_CONFIG_HOME: '<hung>' }, 'default.json cannot be read: it'],
  ['issuer list', { XDG_CONFIG_HOME: '<hung>' }, 'default.json cannot be read: it'],
  [
    'issuer list',
    { LICENTIA_ISSUER_TOKEN_FILE: '<hung>/a' },
    'The file of LICENTIA_ISSUER_TOKEN_FILE cannot be',
  ],
  ['issuer list', { DATABASE_URL_FILE: '<hung>/a' }, 'DATABASE_URL_FILE: <hung>/a was'],
  ['issuer list', { DATABASE_URL: 'pglite://<hung>/issuer' }, '<hung>/issuer did not answer'],
  ['issuer keys add --file <hung>/a', {}, 'The file <hung>/a cannot be used: it'],
];

describe('A command that needs a file which hangs', () => {
  const mount = join(tmpdir(), `licentia-hung-command-${process.pid}`);
  const where = HungFileSystem.isPossible(mount) ? it : it.skip;
  let hung: HungFileSystem | undefined;
  let directory: string;
  let ends: ReturnType<typeof run>[] = [];

  async function run(command: string, environment: Readonly<Record<string, string>>) {
    const named = (text: string) => text.replaceAll('<hung>', mount);
    const settings = Object.entries(environment).map(([name, value]) => [name, named(value)]);
    const child = spawn(process.execPath, [LICENTIA, ...named(command).split(' ')], {
      cwd: directory,
      env: { PATH: process.env.PATH, HOME: directory, ...Object.fromEntries(settings) },
      stdio: ['ignore', 'pipe', 'pipe'],
      // One that never ends needs it.
      timeout: 45_000,
      killSignal: 'SIGKILL',
    });
    child.stdout.resume();
    let stderr = '';
    child.stderr.on('data', (bytes: Buffer) => (stderr += String(bytes)));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stderr, wasStopped: child.killed };
  }

  /** All at once: each waits for most of its time. */
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-hung-'));
    copyDatabases(directory);
    await mkdir(mount);
    hung = HungFileSystem.mount(mount);
    if (hung !== undefined) ends = ROWS.map(async ([command, environment]) => run(command, environment));
  });

  afterAll(async () => {
    await Promise.all(ends);
    hung?.end();
    await rm(mount, { recursive: true, force: true });
    await rm(directory, { recursive: true, force: true });
  });

  where.each(ROWS.map(([command, environment, words], index) => ({ command, environment, words, index })))(
    'ends "$command" ($environment) with a sentence and code 2',
    async ({ words, index }) => {
      const end = await ends[index];
      expect(end?.stderr).toContain(words.replaceAll('<hung>', mount));
      expect(end?.stderr).toMatch(/ within 2 s[:,] /);
      expect(end?.wasStopped).toBe(false);
      // An older Node cannot end otherwise than by being killed.
      expect(end?.code).toBe('execve' in process ? ExitCode.Unknown : null);
    },
  );

  where('says that a profile was not written, listed or removed', async () => {
    const place = { environment: { XDG_CONFIG_HOME: mount }, home: directory };
    const login = { url: 'http://localhost:3000', token: 'a-token' };
    const outcomes = await Promise.allSettled([
      saveProfile(place, 'default', { service: login }),
      profileNames(place),
      removeProfile(place, 'default'),
    ]);
    expect(outcomes.map((one) => one.status === 'rejected' && String(one.reason))).toEqual([
      expect.stringMatching(/default\.json cannot be written: it was not written within 2 s/),
      expect.stringMatching(/cannot be read: it was not read within 2 s/),
      expect.stringMatching(/default\.json cannot be removed: it was not removed within 2 s/),
    ]);
    hung?.end();
    hung = undefined;
    while (isReadingFiles()) await new Promise((resolve) => setTimeout(resolve, 10));
  });
});
