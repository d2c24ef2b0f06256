import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandBlocks } from '../support/command-blocks.js';
import { copyDatabases } from '../support/database.js';

const QUICKSTART = fileURLToPath(new URL('../../dist/quickstart.js', import.meta.url));
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** The same command without the second that npx takes to find it. */
const NPX = `npx() { shift; "${process.execPath}" "${MAIN}" "$@"; }`;

/** What `npm start` runs, and a person in another terminal in its directory. */
describe('The life of a license, from an empty directory,', () => {
  let directory: string;
  let quickstart: ChildProcess;
  let shown = '';

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'licentia-walkthrough-'));
    copyDatabases(directory);
    quickstart = spawn(process.execPath, [QUICKSTART], {
      cwd: directory,
      env: { PATH: process.env.PATH, PORT: String(await freePort()) },
    });
    for (const stream of [quickstart.stdout, quickstart.stderr])
      stream?.on('data', (bytes: Buffer) => (shown += bytes.toString()));
    while (!shown.includes('Ctrl+C ends it.')) {
      if (quickstart.exitCode !== null) throw new Error(shown);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  afterAll(async () => {
    const exited = once(quickstart, 'exit');
    quickstart.kill('SIGTERM');
    await exited;
    rmSync(directory, { recursive: true, force: true });
  });

  /** Runs a block after the lines that were shown, as one script. */
  async function paste(block: string) {
    const settings = shown.split('\n').filter((line) => line.trim().startsWith('export '));
    // The addresses are those that were shown, and licenses are for the service's.
    const [, address = ''] = /LICENTIA_URL=(\S+)/.exec(shown) ?? [];
    const lines = block
      .replaceAll('http://localhost:3000/', `${address}/`)
      .split('\n')
      .filter((line) => !line.startsWith('export '));
    const script = [NPX, ...settings, ...lines].join('\n');
    return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const env = { PATH: process.env.PATH, HOME: directory };
      execFile('sh', ['-c', script], { cwd: directory, env }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : (error.code as number), stdout, stderr }),
      );
    });
  }

  const blockOf = (page: string, begin: string) =>
    commandBlocks(page).find(({ text }) => text.startsWith(begin))?.text ?? '';

  it('is issued, renewed, suspended, resumed, revoked and removed by the lines of README', async () => {
    const block = blockOf('README.md', 'export LICENTIA_ISSUER_URL=http://localhost:3001');
    const { code, stdout, stderr } = await paste(block.replaceAll(/ *#.*$/gm, ''));
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(
        /^Issued: license trial [^]*\nInstalled\.\nRenewed\.\nSuspended[^]*The license is suspended\. \(issuer\.refused[^]*\nActive\.\nRevoked[^]*the license is revoked[^]*\nRemoved\.\n$/,
      ) as unknown,
    });
    expect(stdout).toMatch(/^status\tvalid\n[^]*\ncause\trefused\n[^]*\nfalse\n$/);
    expect(readFileSync(join(directory, 'license.jwt'), 'utf8')).toMatch(/^ey[\w.-]+\n$/);
  });

  it('is the same by the script of docs/walkthrough.md, which ends where a step fails', async () => {
    const script = blockOf('docs/walkthrough.md', 'set -eu');
    const { code, stdout } = await paste(script);
    expect([code, stdout.split('\n')]).toEqual([
      0,
      [
        expect.stringMatching(/^script-\d+$/),
        expect.stringMatching(/^script-\d+$/),
        expect.stringMatching(/^[\w-]{36}$/),
        'suspended',
        'issuer.refused',
        'refused',
        'active',
        expect.stringMatching(/^script-\d+$/),
        'revoked',
        'license.invalid',
        '{}',
        '',
      ],
    ]);
    const broken = await paste(script.replace('issuer suspend', 'issuer suspend --frobnicate'));
    expect(broken.code).not.toBe(0);
    expect(broken.stdout).not.toContain('issuer.refused');
  });
});

/** A port that is free, and the one after it too, at this moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port % 2 === 0 ? port : port - 1;
}
