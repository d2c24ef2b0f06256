import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedTemplate } from '../support/database.js';
import { QUICKSTART, QuickstartProcess } from '../support/quickstart-process.js';

async function checkConfig(environment: Readonly<Record<string, string>>) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const env = { PATH: process.env.PATH, ...environment };
    execFile(process.execPath, [QUICKSTART, '--check-config'], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : (error.code as number), stdout, stderr }),
    );
  });
}

describe('node dist/quickstart.js --check-config', () => {
  it('takes the settings of the service, also those that it sets itself', async () => {
    expect(await checkConfig({ LOG_LEVEL: 'info', ISSUER_URL: 'https://issuer.example' })).toEqual({
      code: 0,
      stdout: 'The configuration is fine.\n',
      stderr: '',
    });
  });

  it('points out a name that looks misspelled, without its value', async () => {
    expect(
      await checkConfig({ DATABASE_ULR: 'postgres://u:hunter2@h/d', LICENTIA_PORT: 'tcp://10.0.0.1:3000' }),
    ).toEqual({
      code: 3,
      stdout: 'The configuration can be used.\n',
      stderr: 'DATABASE_ULR is not read. Did you mean DATABASE_URL?\n',
    });
  });

  it('says that the issuer needs the port after its own', async () => {
    const refused = await checkConfig({ PORT: '65535' });
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('PORT must be')]);
  });
});

/** Listens on a port whose neighbors are free at this moment. */
async function listen(): Promise<{ port: number; close: () => Promise<unknown> }> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return { port, close: async () => new Promise((closed) => server.close(closed)) };
}

describe('node dist/quickstart.js where another process listens', () => {
  it.each([
    ['on its port', 0, 'is in use already: stop what listens there, or set PORT to another one.'],
    [
      "on its issuer's port",
      1,
      'which the issuer takes as the one after PORT, is in use already: stop what listens there, or set PORT to another one, which moves both.',
    ],
  ])('%s ends with one sentence that names the setting, and creates nothing', async (_, after, sentence) => {
    const { port, close } = await listen();
    const directory = mkdtempSync(join(tmpdir(), 'licentia-taken-'));
    const env = { PATH: process.env.PATH, PORT: String(port - after) };
    try {
      const ended = await new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
        execFile(process.execPath, [QUICKSTART], { env, cwd: directory }, (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : (error.code as number), stdout, stderr }),
        );
      });
      expect(ended.stderr.trimEnd()).toMatch(new RegExp(`^Port ${port}[^\n]*$`));
      expect(ended.stderr.trimEnd().endsWith(sentence)).toBe(true);
      expect(ended.stdout).not.toContain('Starting');
      expect([ended.code, existsSync(join(directory, 'data'))]).toEqual([1, false]);
    } finally {
      await close();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe('node dist/quickstart.js for products of its own, below a path', () => {
  it('starts with a demo license that names them, says where it is, and warns of nothing', async () => {
    const { port, close } = await listen();
    await close();
    const quickstart = await QuickstartProcess.start({
      PORT: String(port),
      LICENSE_PRODUCTS: 'my-product,my-product-pro',
      ROOT_URL: `http://localhost:${port}/licentia/`,
      SERVE_FROM_SUB_PATH: 'true',
    });
    try {
      const { output } = quickstart;
      const [, url] = /service {2}(http:\S+) /.exec(output) ?? [];
      expect(url).toBe(`http://localhost:${port}/licentia`);
      const response = await fetch(`http://127.0.0.1:${port}/licentia/api/licensing/token`, {
        headers: { Authorization: `Bearer ${/licsa_\w+/.exec(output)?.[0]}` },
      });
      expect(await response.json()).toMatchObject({ status: 1, prod: ['my-product', 'my-product-pro'] });
      // What it prints first signs in, once.
      const [page = '', link] = quickstart.link.split('#link=');
      expect([page, output.indexOf('Open ') < output.indexOf(' is running.')]).toEqual([`${url}/ui/`, true]);
      const signIn = () =>
        fetch(new URL('session', page), {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', Origin: new URL(page).origin },
          body: JSON.stringify({ link }),
        });
      expect([(await signIn()).status, (await signIn()).status]).toEqual([201, 401]);
      // Nor does the log warn that there is no license yet.
      expect(output).not.toContain('"level"');
    } finally {
      await quickstart.stop();
    }
  });
});

describe("node dist/quickstart.js while its service's database is away", () => {
  it('ends with one sentence, and does not say that it retries', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'licentia-away-'));
    cpSync(embeddedTemplate('issuer'), join(directory, 'data', 'authority'), { recursive: true });
    const { port, close } = await listen();
    await close();
    const env = {
      PATH: process.env.PATH,
      PORT: String(port),
      DATABASE_URL: `postgres://postgres@127.0.0.1:${port}/licentia`,
    };
    try {
      const ended = await new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
        execFile(process.execPath, [QUICKSTART], { env, cwd: directory }, (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : (error.code as number), stdout, stderr }),
        );
      });
      expect(ended.stderr).toMatch(
        /^The database that DATABASE_URL names is not available: [^\n]*ECONNREFUSED[^\n]*\n$/,
      );
      const levels = [...ended.stdout.matchAll(/^{"level":(\d+),.*"msg":"([^"]*)"/gm)].map((line) =>
        line.slice(1),
      );
      expect(levels).toEqual([['60', 'ended']]);
      expect(ended.code).toBe(1);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
