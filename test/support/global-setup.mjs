// Makes the databases that the tests copy, once for a run: an embedded one and, with TEST_DATABASE_URL, one on PostgreSQL,
// each without tables, with the service's and with the issuer's. Making one takes seconds, copying it does not: the embedded
// ones stay in .cache until a migration or the embedded database changes.
import { createHash, randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { parse } from 'yaml';
import { migrateDatabase } from '../../dist/database/migrate-database.js';
import { ISSUER_SERVER_SCHEMA } from '../../dist/issuer-server/issuer-server-schema.js';
import { SERVICE_SCHEMA } from '../../dist/schema/service-schema.js';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
const CACHE = fileURLToPath(new URL('../../.cache/tests', import.meta.url));
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
  process.env.TEST_TEMPLATE_DIRECTORY = await embeddedTemplates();
  process.env.TEST_OPENAPI_JSON = parsedDocument();
  // A pooler keeps sessions open in a database, which then cannot be copied.
  const server = process.env.TEST_DATABASE_DIRECT_URL ?? process.env.TEST_DATABASE_URL;
  if (server) await makeOnServer(server);
}

/** @returns the directory of embedded databases to copy, made where there is none of these migrations */
async function embeddedTemplates() {
  const directory = join(CACHE, keyOfTables());
  if (existsSync(directory)) return directory;
  mkdirSync(CACHE, { recursive: true });
  // Two runs may begin at once, and one may be killed.
  const unfinished = mkdtempSync(join(CACHE, 'unfinished-'));
  for (const [tables, schema] of Object.entries(SCHEMAS)) {
    await migrateDatabase({ kind: 'embedded', directory: join(unfinished, tables) }, schema);
  }
  try {
    renameSync(unfinished, directory);
  } catch (error) {
    if (!existsSync(directory)) throw error;
    rmSync(unfinished, { recursive: true });
  }
  return directory;
}

/** @returns the file with docs/openapi.yaml as JSON */
function parsedDocument() {
  const text = readFileSync(new URL('../../docs/openapi.yaml', import.meta.url), 'utf8');
  const file = join(CACHE, `openapi-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.json`);
  if (!existsSync(file)) {
    const unfinished = `${file}.${process.pid}`;
    writeFileSync(unfinished, JSON.stringify(parse(text)));
    renameSync(unfinished, file);
  }
  return file;
}

/** Of everything that decides what the tables look like. */
function keyOfTables() {
  const hash = createHash('sha256');
  const isAsked = (file) => /(^|\/)migrations\/.*\.js$|^database\/.*\.js$|^data-template/.test(file);
  for (const file of readdirSync(DIST, { recursive: true }).filter(isAsked).sort()) {
    hash.update(file).update(readFileSync(join(DIST, file)));
  }
  return hash.digest('hex').slice(0, 16);
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
