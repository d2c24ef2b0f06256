import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A program that holds one thread for ever, as a name server that does not answer does, and ends when it is told to. */
const PROGRAM = `
  import { open } from 'node:fs';
  import { runProcess } from ${JSON.stringify(new URL('../../dist/run-process.js', import.meta.url).href)};
  const [pipe, close] = process.argv.slice(1);
  const running = {
    close: async () => (close === 'hangs' ? new Promise(() => undefined) : undefined),
    reread: async () => [],
    unfinished: () => ({ unwritten: 7 }),
  };
  const none = () => [];
  await runProcess({ hints: none, settings: {}, load: () => ({}), logLevel: () => 'info', start: async () => running }, []);
  open(pipe, 'r', () => undefined);
  setInterval(() => undefined, 1000);
  process.send('at work');
`;

/** What a process that was replaced to end it can say: before Node 22.15 it is killed. */
const orKilled = (code: number) => ('execve' in process ? code : null);

describe('The end of a process that the system keeps waiting', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-end-'));
  });

  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  /** With output to files, which are written by threads too. */
  async function end(close: 'returns' | 'hangs') {
    const path = (name: string) => join(directory, `${close}.${name}`);
    execFileSync('mkfifo', [path('pipe')]);
    const files = [openSync(path('stdout'), 'w'), openSync(path('stderr'), 'w')];
    const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM, path('pipe'), close], {
      stdio: ['ignore', ...files, 'ipc'],
    });
    for (const file of files) closeSync(file);
    try {
      await once(child, 'message');
      child.disconnect();
      child.kill('SIGTERM');
      const [code] = (await once(child, 'exit')) as [number | null];
      const lines = (await readFile(path('stdout'), 'utf8')).trim().split('\n');
      const ended = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'ended');
      return { code, ended, stderr: await readFile(path('stderr'), 'utf8') };
    } finally {
      child.kill('SIGKILL');
    }
  }

  it('says once how it ended, with the code that it has, and loses none of its last words', async () => {
    const [finished, unfinished] = await Promise.all([end('returns'), end('hangs')]);
    expect(finished.code).toBe(orKilled(0));
    expect(finished.ended).toMatchObject([{ code: 0 }]);
    expect(finished.ended[0]).not.toHaveProperty('unwritten');
    expect(finished.stderr).toContain('ending without it');
    expect(unfinished.code).toBe(orKilled(1));
    expect(unfinished.ended).toMatchObject([
      { code: 1, reason: 'not everything ended in time', unwritten: 7 },
    ]);
    expect(unfinished.stderr).toContain('ending without it');
  });
});
