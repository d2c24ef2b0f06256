// Keeps one PostgreSQL server for a test: starts it as its own child, does what the test says on standard input, a
// word a line, and answers each with a line. When the input ends, also because the test died, nothing of the server
// is left: no process, no file.
//
//   node postgres-keeper.mjs <postgres> <directory> <uid> <gid>
//   words: start, stop (as `pg_ctl stop -m fast`), kill (SIGKILL, every process), freeze and thaw (SIGSTOP, SIGCONT)
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [postgres, directory, uid, gid] = process.argv.slice(2);
let server;
let frozen = [];

const words = {
  start() {
    const log = openSync(join(directory, 'log'), 'a');
    server = spawn(postgres, ['-D', join(directory, 'data')], {
      ...(uid === undefined ? {} : { uid: Number(uid), gid: Number(gid) }),
      stdio: ['ignore', log, log],
    });
  },
  async stop() {
    if (!running()) return;
    const ended = once(server, 'exit');
    server.kill('SIGINT');
    await ended;
  },
  async kill() {
    if (!running()) return;
    const ended = once(server, 'exit');
    for (const pid of held()) signal(pid, 'SIGKILL');
    await ended;
    frozen = [];
  },
  freeze() {
    frozen = held();
  },
  thaw() {
    for (const pid of frozen.reverse()) signal(pid, 'SIGCONT');
    frozen = [];
  },
};

process.stdout.write('ready\n');
for await (const word of createInterface({ input: process.stdin })) {
  await words[word]();
  process.stdout.write(`${word}\n`);
}
await words.kill();
rmSync(directory, { recursive: true, force: true, maxRetries: 10 });

function running() {
  return server !== undefined && server.exitCode === null && server.signalCode === null;
}

/** Stops every process of the server, the parent first so that it forks no more. @returns their ids */
function held() {
  signal(server.pid, 'SIGSTOP');
  const family = [server.pid, ...childrenOf(server.pid)];
  for (const pid of family) signal(pid, 'SIGSTOP');
  return family;
}

function childrenOf(parent) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === parent)
    .map(Number);
}

function parentOf(pid) {
  try {
    // The name, in parentheses, can hold anything; the state and the parent follow it.
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')[1]);
  } catch {
    return undefined;
  }
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}
