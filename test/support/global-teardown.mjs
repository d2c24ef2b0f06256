import { rm } from 'node:fs/promises';
import pg from 'pg';

export default async function globalTeardown() {
  const directory = globalThis.templateOfThisRun;
  if (directory) await rm(directory, { recursive: true, force: true });
  if (!globalThis.templatesOnServer) return;
  const { serverUrl, names } = globalThis.templatesOnServer;
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  for (const name of names) await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await client.end();
}
