import { INSTANCE, ISSUER_ID } from '../issuer-server/test-issuer-server.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { CommandStage } from './command-stage.js';

describe('licentia issuer change-issuer-id', () => {
  let stage: CommandStage;
  let database: TestDatabase;

  beforeEach(async () => {
    stage = new CommandStage();
    database = await testDatabase('issuer');
    setIssuerId(ISSUER_ID);
    expect(await stage.run(`issuer issue --sub ${INSTANCE}`)).toMatchObject({ code: 0 });
  });

  afterEach(async () => {
    await database.drop();
    stage.close();
  });

  function setIssuerId(id: string | undefined): void {
    stage.environment = { DATABASE_URL: database.url, ...(id === undefined ? {} : { ISSUER_ID: id }) };
  }

  it.each([
    ['is not set', undefined],
    ['is empty', ''],
  ])('changes nothing where ISSUER_ID %s, and says what to set', async (_, id) => {
    setIssuerId(id);
    expect(await stage.run('issuer change-issuer-id')).toEqual({
      code: 64,
      stdout: '',
      stderr: expect.stringMatching(
        /^licentia: ISSUER_ID is not set\. .*\n.*ISSUER_ID=https:\/\/\S+ licentia issuer change-/,
      ) as string,
    });
    setIssuerId(ISSUER_ID);
    expect(await stage.run('issuer list')).toMatchObject({ code: 0, stderr: '' });
  });

  it('says which name looks misspelled where ISSUER_ID is not set', async () => {
    stage.environment = { DATABASE_URL: database.url, ISUER_ID: ISSUER_ID };
    const { code, stderr } = await stage.run('issuer change-issuer-id');
    expect([code, stderr]).toEqual([
      64,
      expect.stringMatching(/^ISUER_ID is not read. Did you mean ISSUER_ID\?\n/),
    ]);
  });

  // An `iss` is a name: neither the issuer nor this command reads it as an address.
  it.each(['ftp://x', 'http://x#y', 'http://x/'])('takes %s as it is, as the issuer does', async (id) => {
    setIssuerId(id);
    const { code, stdout } = await stage.run('issuer change-issuer-id --json');
    expect([code, JSON.parse(stdout)]).toEqual([0, { before: ISSUER_ID, now: id }]);
    expect(await stage.run('issuer list')).toMatchObject({ code: 0, stderr: '' });
  });

  it.each([
    ['a space', 'https://a b'],
    ['a letter beyond ASCII', 'https://ä'],
    ['1025 characters', 'a'.repeat(1025)],
  ])('refuses one with %s, as the issuer does', async (_, id) => {
    setIssuerId(id);
    const refused = {
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('ISSUER_ID must have 1 to 1024') as string,
    };
    expect(await stage.run('issuer change-issuer-id')).toEqual(refused);
    expect(await stage.run('issuer list')).toEqual(refused);
    setIssuerId(ISSUER_ID);
    expect(await stage.run('issuer list')).toMatchObject({ code: 0 });
  });
});
