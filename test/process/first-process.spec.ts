import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { readFileSync } from 'node:fs';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const FIRST = ['--pid', '--fork', '--kill-child'];
const canUnshare = spawnSync('unshare', [...FIRST, 'true']).status === 0;

/** A container sends signals to its first process, which Linux protects from those that it has no handler for. */
(canUnshare ? describe : describe.skip)('A command as the first process of a container (needs root)', () => {
  it.each([
    ['--migrate', 'SIGTERM', 143],
    ['--export', 'SIGINT', 130],
  ] as const)(
    '%s ends at %s',
    async (option, signal, expected) => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const child = spawn(
        'unshare',
        [...FIRST, process.execPath, MAIN, option, ...(option === '--export' ? ['/tmp/none/export'] : [])],
        {
          env: { PATH: process.env.PATH, DATABASE_URL: `postgres://user@127.0.0.1:${port}/none` },
          stdio: 'ignore',
          timeout: 60_000,
          killSignal: 'SIGKILL',
        },
      );
      const [socket] = (await once(server, 'connection')) as [Socket];
      socket.on('error', () => undefined);
      const began = performance.now();
      process.kill(Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')), signal);
      const [code] = (await once(child, 'close')) as [number | null];
      expect(performance.now() - began).toBeLessThan(2_000);
      expect(code).toBe(expected);
      socket.destroy();
      server.close();
    },
    90_000,
  );
});
