import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const QUICKSTART = fileURLToPath(new URL('../../dist/quickstart.js', import.meta.url));

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
