import { EmbeddedDatabase } from '../../src/database/embedded/embedded-database.js';

let database: EmbeddedDatabase;

beforeAll(async () => {
  database = await EmbeddedDatabase.open({ memory: true });
});

afterAll(() => database.close());

/** A simple query of the Postgres protocol (chapter "Message Formats", Query). @returns the answer as text */
async function ask(client: number, sql: string): Promise<string> {
  const text = Buffer.from(`${sql}\0`);
  const length = Buffer.alloc(4);
  length.writeInt32BE(text.length + 4);
  const answer = await database.execute(client, Buffer.concat([Buffer.from('Q'), length, text]));
  return answer.toString('latin1');
}

const NAME = "SELECT 'is ' || current_setting('application_name')";

it('gives a client a new session, and a client that was replaced no word in it', async () => {
  const [first, second] = [database.join(), database.join()];
  await ask(first, "SET application_name = 'first'");
  expect(await ask(first, NAME)).toContain('is first');
  expect(await ask(second, NAME)).not.toContain('is first');
  await ask(second, "SET application_name = 'second'");
  expect(await ask(first, "SET application_name = 'late'")).toBe('');
  await database.leave(first);
  expect(await ask(second, NAME)).toContain('is second');

  // Nor is there one for it in the session after that.
  await database.leave(second);
  expect(await ask(first, "SET application_name = 'late'")).toBe('');
  expect(await ask(second, "SET application_name = 'late'")).toBe('');
  expect(await ask(database.join(), NAME)).not.toMatch(/is (late|second)/);
});

it('keeps the session of a client while a newer one, which never spoke, goes', async () => {
  const [speaker, silent] = [database.join(), database.join()];
  await ask(speaker, "BEGIN; SET LOCAL application_name = 'speaker'");
  await database.leave(silent);
  expect(await ask(speaker, NAME)).toContain('is speaker');
  await ask(speaker, 'COMMIT');
});
