// Makes the databases that the tests copy, once for a run: an embedded one and, with TEST_DATABASE_URL, one on PostgreSQL,
// each without tables, with the service's and with the issuer's. Making one takes seconds, copying it does not.
// TEST_TEMPLATE_DIRECTORY names embedded ones that are there already, for short runs one after the other.
import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { migrateDatabase } from '../../dist/database/migrate-database.js';
import { ISSUER_SERVER_SCHEMA } from '../../dist/issuer-server/issuer-server-schema.js';
import { SERVICE_SCHEMA } from '../../dist/schema/service-schema.js';

const SCHEMAS = {
  none: { entities: [], migrations: [] },
  service: SERVICE_SCHEMA,
  issuer: ISSUER_SERVER_SCHEMA,
};

export default async function globalSetup() {
  // One seed for every suite that fuzzes; each says it.
  process.env.FUZZ_SEED ??= String(1 + Math.floor(Math.random() * 1_000_000_000));
  // And one for every long suite that runs a sample.
  process.env.SAMPLE_SEED ??= String(1 + Math.floor(Math.random() * 1_000_000_000));
  if (!process.env.TEST_TEMPLATE_DIRECTORY) {
    const directory = await mkdtemp(join(tmpdir(), 'licentia-template-'));
    for (const [tables, schema] of Object.entries(SCHEMAS)) {
      await migrateDatabase({ kind: 'embedded', directory: join(directory, tables) }, schema);
    }
    process.env.TEST_TEMPLATE_DIRECTORY = directory;
    globalThis.templateOfThisRun = directory;
  }
  // A pooler keeps sessions open in a database, which then cannot be copied.
  const server = process.env.TEST_DATABASE_DIRECT_URL ?? process.env.TEST_DATABASE_URL;
  if (server) await makeOnServer(server);
}

/** Databases that are copied by `CREATE DATABASE … TEMPLATE`; their names begin with TEST_TEMPLATE_PREFIX. */
async function makeOnServer(serverUrl) {
  const prefix = `licentia_template_${randomUUID().slice(0, 8)}_`;
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  globalThis.templatesOnServer = { serverUrl, names: [] };
  try {
    for (const tables of ['service', 'issuer']) {
      const name = `${prefix}${tables}`;
      await client.query(`CREATE DATABASE ${name}`);
      globalThis.templatesOnServer.names.push(name);
      const url = new URL(serverUrl);
      url.pathname = `/${name}`;
      await migrateDatabase({ kind: 'postgres', url: url.href }, SCHEMAS[tables]);
    }
  } finally {
    await client.end();
  }
  process.env.TEST_TEMPLATE_PREFIX = prefix;
}
