import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { readFileSync } from 'node:fs';

const [MAIN, COMMAND] = ['main.js', 'cli/main.js'].map((path) =>
  fileURLToPath(new URL(`../../dist/${path}`, import.meta.url)),
) as [string, string];
const FIRST = ['--pid', '--fork', '--kill-child'];
const canUnshare = spawnSync('unshare', [...FIRST, 'true']).status === 0;

/** A container sends signals to its first process, which Linux protects from those that it has no handler for. */
(canUnshare ? describe : describe.skip)('A command as the first process of a container (needs root)', () => {
  it.each([
    ['--migrate', 'SIGTERM', 143, [MAIN, '--migrate']],
    ['--export', 'SIGINT', 130, [MAIN, '--export', '/tmp/none/export']],
    ['licentia migrate', 'SIGTERM', 143, [COMMAND, 'migrate']],
    ['licentia check', 'SIGINT', 130, [COMMAND, 'check', '--timeout', '50s']],
    ['licentia issuer list', 'SIGTERM', 143, [COMMAND, 'issuer', 'list', '--database']],
  ] as const)(
    '%s ends at %s',
    async (_name, signal, expected, command) => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const child = spawn('unshare', [...FIRST, process.execPath, ...command], {
        env: {
          PATH: process.env.PATH,
          DATABASE_URL: `postgres://user@127.0.0.1:${port}/none`,
          LICENTIA_URL: `http://127.0.0.1:${port}`,
          LICENTIA_TOKEN: 'of-no-service',
          ISSUER_ID: 'https://issuer.example.com',
        },
        stdio: 'ignore',
        timeout: 60_000,
        killSignal: 'SIGKILL',
      });
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
