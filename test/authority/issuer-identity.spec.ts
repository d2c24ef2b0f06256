import { type Command, readCommand } from '../../src/authority/command-line.js';
import { runCommand } from '../../src/authority/commands.js';
import { loadAuthorityConfig } from '../../src/config/authority-config.js';
import { ConfigError } from '../../src/config/environment.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { ISSUER_ID, TestAuthority } from './test-authority.js';

const OTHER = 'https://other.example.com';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(async () => {
  await database.drop();
});

const run = async (text: string, issuerId: string) =>
  runCommand(
    readCommand(text.split(' ')) as Exclude<Command, { name: 'help' }>,
    loadAuthorityConfig({ DATABASE_URL: database.url, ISSUER_ID: issuerId }),
  );

describe('the database of an issuer', () => {
  it('belongs to the ISSUER_ID of its first process, and refuses another one until an operator says so', async () => {
    await run('issue --sub http://localhost:3000 --lid mine', ISSUER_ID);
    await expect(run('issue --sub http://localhost:3000', OTHER)).rejects.toThrow(ConfigError);
    await expect(run('list', OTHER)).rejects.toThrow(`belongs to the issuer ${ISSUER_ID}`);
    const before = (await run('token mine', ISSUER_ID)).stdout;
    expect((await run('change-issuer-id', OTHER)).stderr).toContain(`${OTHER}, before ${ISSUER_ID}`);
    expect((await run('change-issuer-id', OTHER)).stderr).toContain('Nothing to change');
    await expect(TestAuthority.start(database)).rejects.toThrow(`belongs to the issuer ${OTHER}`);
    // The newest token says another issuer than the present one: it is not given any more.
    const after = (await run('token mine', OTHER)).stdout;
    expect(issOf(before)).toBe(ISSUER_ID);
    expect(issOf(after)).toBe(OTHER);
  });
});

function issOf(token: string): unknown {
  const payload = token.split('.')[1] ?? '';
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { iss: unknown }).iss;
}
