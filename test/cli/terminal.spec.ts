import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CommandStage } from './command-stage.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const withTmux = spawnSync('tmux', ['-V']).status === 0 ? describe : describe.skip;

describe('licentia, as a process,', () => {
  let silent: Server;
  let url: string;
  let stage: CommandStage;

  beforeAll(async () => {
    silent = createServer((request) => request.resume()).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  });

  beforeEach(() => {
    stage = new CommandStage();
  });

  afterEach(() => stage.close());

  afterAll(() => {
    silent.closeAllConnections();
    silent.close();
  });

  it.each([
    ['a token on standard input', ['login', '--token-stdin'], {}],
    ['a token in the environment', ['check'], { LICENTIA_TOKEN: 'licsa_hunter2' }],
    ['a license on standard input', ['install', '-'], { LICENTIA_TOKEN: 'licsa_other' }],
  ])('shows other users nothing of %s', async (_, args, environment) => {
    const asked = once(silent, 'request');
    const child = spawn(process.execPath, [MAIN, ...args, '--url', url], {
      env: { PATH: process.env.PATH, HOME: stage.home, ...environment },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    try {
      child.stdin.end('licsa_hunter2');
      await asked;
      const commandLine = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8');
      expect(commandLine).toContain(url);
      expect(commandLine).not.toContain('hunter2');
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('ends after its time-out, however long the service is silent', async () => {
    const began = performance.now();
    const ran = await stage.spawn(`check --url ${url} --timeout 2s`);
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('client.timeout') as string });
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  withTmux('on a terminal', () => {
    /** Of a server of its own for each terminal: one that ends takes the next session along. */
    let socket: string;
    const tmux = (...args: string[]) => execFileSync('tmux', ['-L', socket, ...args], { encoding: 'utf8' });
    const screen = () => tmux('capture-pane', '-p', '-J');

    afterEach(() => tmux('kill-server'));

    /** Types a command. @param shown - what comes before anything more is typed */
    async function type(line: string, shown: RegExp, ...keys: string[]): Promise<string> {
      socket = `licentia-${randomUUID().slice(0, 8)}`;
      const environment = {
        PATH: process.env.PATH ?? '',
        HOME: stage.home,
        LC_ALL: 'C.UTF-8',
        TERM: 'xterm',
      };
      const variables = Object.entries(environment).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
      // Node, the command and their arguments are words of their own, so that blanks in the paths of a checkout do not count.
      const script = `"$0" "$@"; echo "ended with $?"; exec sleep 60`;
      const words = ['sh', '-c', script, process.execPath, MAIN, ...line.split(' ')];
      tmux('-f', '/dev/null', 'new-session', '-d', '-x', '100', '-y', '30', ...variables, ...words);
      await shows(shown);
      if (keys.length > 0) tmux('send-keys', ...keys);
      return shows(/ended with \d/);
    }

    async function shows(pattern: RegExp): Promise<string> {
      for (let tries = 0; tries < 600 && !pattern.test(screen()); tries += 1) await sleep(50);
      expect(screen()).toMatch(pattern);
      return screen();
    }

    it.each([
      ['Ctrl+C', 'remove --instance http://x/', ['C-c']],
      ['Ctrl+D', 'remove --instance http://x/', ['C-d']],
      ['another answer than yes', 'remove --instance http://x/', ['maybe', 'Enter']],
      ['Ctrl+C', 'login', ['C-c']],
      ['Ctrl+D', 'login', ['C-d']],
      ['Ctrl+C', 'hash-password ada', ['abc', 'C-c']],
    ])('does nothing after %s: %s', async (_, line, keys) => {
      const text = await type(line, /\[y\/N\]|not shown/, ...keys);
      expect(text).toMatch(/\nlicentia: Nothing was done\.\nended with 1/);
      expect(text).not.toContain('abc');
    });

    it('says after a second for what it waits, and not while it asks a person', async () => {
      const waited = await type(`check --url ${url} --timeout 3s`, /Waiting for the service …/);
      expect(waited).toMatch(/client\.timeout[^]*ended with 2/);
      tmux('kill-server');
      const asked = type(`remove --instance http://x/ --url ${url}`, /\[y\/N\]/);
      await shows(/\[y\/N\]/).catch(() => undefined);
      await sleep(1_500);
      expect(screen()).not.toContain('Waiting');
      tmux('send-keys', 'C-c');
      await asked;
    });
  });
});
