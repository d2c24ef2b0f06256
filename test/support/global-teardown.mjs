import pg from 'pg';

export default async function globalTeardown() {
  if (!globalThis.templatesOnServer) return;
  const { serverUrl, names } = globalThis.templatesOnServer;
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  for (const name of names) await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await client.end();
}
