import { jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandBlocks } from '../support/command-blocks.js';
import { POSTGRES_URL, type TestDatabase, testDatabase } from '../support/database.js';
import { ServiceProcess } from '../support/service-process.js';
import { Terminal } from '../support/terminal.js';

// Each command is a start of a program on an embedded database; a busy machine takes seconds for one.
jest.setTimeout(900_000);

/** What another replica did counts within this time, milliseconds; the rest is for `curl` on a busy machine. */
const WITHIN_MS = 1_000 + 1_000;

describe('docs/lock-down.md', () => {
  const others: ServiceProcess[] = [];
  let database: TestDatabase;
  let terminal: Terminal;

  beforeAll(async () => {
    database = await testDatabase('none');
    terminal = await Terminal.open({ environment: { DB: database.url } });
  });

  afterAll(async () => {
    await terminal.close();
    for (const other of others) await other.kill('SIGTERM');
    await database.drop();
  });

  const inLocked = (name: string) => join(terminal.directory, 'locked', name);

  /** Pastes the block that begins so. @returns what it said */
  async function paste(begin: string): Promise<string> {
    const block = commandBlocks('docs/lock-down.md').find(({ text }) => text.startsWith(begin));
    const { status, output } = await terminal.paste(block?.text ?? `no block begins with "${begin}"`);
    expect({ begin, status, output }).toEqual({ begin, status: 0, output });
    return output;
  }

  /** Two more replicas with the settings of the first, where the database lets several work. */
  async function startOthers(): Promise<void> {
    if (POSTGRES_URL === undefined) return;
    while (others.length < 2) {
      const settings = {
        ...{ DATABASE_URL: database.url, ROOT_URL: 'http://localhost:3000/', BOOTSTRAP_TOKEN: '' },
        ...{ ISSUER_ID: 'http://localhost:3001', ISSUER_JWKS_PATH: inLocked('keys.json') },
        LICENSE_ENCRYPTION_KEY_FILE: inLocked('encryption-key'),
        AUDIT_SIGNING_KEY_FILE: inLocked('audit-key'),
      };
      others.push(await ServiceProcess.start(settings));
    }
    const addresses = [terminal.addresses.service, ...others.map(({ url }) => url)];
    await terminal.paste(`REPLICAS='${addresses.map((address) => `${address}/api`).join(' ')}'`);
  }

  it('ends with a service that is locked down and answers the auditor, and is run whole', async () => {
    await paste('mkdir locked');
    await paste('export LICENTIA_ISSUER_URL');
    await paste('openssl rand');
    await paste('API=');
    await terminal.stop('service');
    await paste('DATABASE_URL=$DB node');
    expect(await paste('status()')).toBe('401\n200\n');
    await startOthers();
    await paste('TOKEN=$ADMINISTRATOR\ncall POST');
    expect(await paste('status "$PRODUCT"')).toBe('200\n403\n200\n403\n403\n200\n403\n401\n');
    const replaced = await paste('status "$INSTALLER"');
    expect(replaced).toMatch(/^409\n\{.*"included_users":20\b/);

    const taken = await paste('REPLICAS=');
    const waits = [...taken.matchAll(/^(?:.*\})?(\d+) at (\S+) after (\d+) ms$/gm)];
    const replicas = 1 + others.length;
    expect(waits.map(([, status]) => Number(status))).toEqual(
      [200, 403, 401, 401].flatMap((status) => Array<number>(replicas).fill(status)),
    );
    expect(new Set(waits.map(([, , address]) => address)).size).toBe(replicas);
    expect(Math.max(...waits.map(([, , , time]) => Number(time)))).toBeLessThan(WITHIN_MS);
    expect(await paste('ID=')).toBe('409\n');

    const { records } = JSON.parse(await paste('TOKEN=$AUDITOR')) as { records: Record[] };
    const [second, first] = [tokenOf('second'), tokenOf('first')];
    expect(records).toMatchObject([
      {
        action: 'license.install',
        target: `license:${second.lid}`,
        before: { lid: first.lid, jti: first.jti, included_users: 50 },
        after: { jti: second.jti },
      },
      { action: 'license.install', target: `license:${first.lid}`, before: null },
    ]);
    const of = JSON.parse(await paste('WHO=')) as { records: Record[] };
    expect(of.records.map(({ actor, action }) => `${actor} ${action}`)).toEqual(
      [
        ...['service-account.update', 'service-account.token.revoke', 'role.remove'],
        ...['service-account.token.create', 'role.add', 'service-account.create'],
      ].map((action) => `service-account:1 ${action}`),
    );
    expect(of.records.at(-1)).toMatchObject({ target: records[0]?.actor, after: { name: 'installer' } });
    const { changes } = JSON.parse(await paste('TOKEN=$PRODUCT')) as { changes: object[] };
    expect(changes).toMatchObject([
      { change: 'install', lid: second.lid, actor: records[0]?.actor },
      { change: 'install', lid: first.lid },
    ]);
    const { refusals } = JSON.parse(await paste('sleep 6')) as { refusals: { operation: string }[] };
    expect(refusals.map(({ operation }) => operation)).toEqual(
      expect.arrayContaining(['DELETE /api/licensing/token', 'POST /api/serviceaccounts']),
    );
    expect(await paste('LAST=0')).toContain('sound');

    const pasted = commandBlocks('docs/lock-down.md').length;
    expect(pasted).toBe(16);
    for (const secret of ['first.jwt', 'second.jwt'])
      expect(terminal.logs).not.toContain(readFileSync(inLocked(secret), 'utf8').trim());
  });

  function tokenOf(name: string): { lid: string; jti: string } {
    const [, payload = ''] = readFileSync(inLocked(`${name}.jwt`), 'utf8').split('.');
    return JSON.parse(Buffer.from(payload, 'base64url').toString()) as { lid: string; jti: string };
  }
});

interface Record {
  readonly actor: string;
  readonly action: string;
  readonly target: string;
}
