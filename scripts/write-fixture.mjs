// Writes the fixture of the newest migration: the rows that a database of its shape has, as the schema tests load them
// before a later migration runs over them.
//
//   npm run build && node scripts/write-fixture.mjs service        (or: issuer)
//
// takes the fixture of the migration before, brings it up to date and writes what is in the tables then. Look at the file,
// and put realistic values into what the migration added: rows that are empty everywhere prove nothing.
//
//   node scripts/write-fixture.mjs service postgres://…/database
//
// takes the rows of a database instead, whose tables are up to date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { DataSource } from 'typeorm';
import { ISSUER_SERVER_SCHEMA } from '../dist/issuer-server/issuer-server-schema.js';
import { database } from '../dist/config/setting.js';
import { dataSourceOptions } from '../dist/database/data-source-options.js';
import { applyMigrations } from '../dist/database/migrate.js';
import { SERVICE_SCHEMA } from '../dist/schema/service-schema.js';

const [program, source] = process.argv.slice(2);
const schema = { service: SERVICE_SCHEMA, issuer: ISSUER_SERVER_SCHEMA }[program];
if (schema === undefined || program === '--help') {
  console.error('Usage: node scripts/write-fixture.mjs service|issuer [DATABASE_URL]');
  process.exit(2);
}
const names = schema.migrations.map(({ name }) => name);
const fixtureOf = (name) => new URL(`../test/schema/fixtures/${program}/${name}.sql`, import.meta.url);
const newest = names.at(-1);

if (source === undefined && existsSync(fixtureOf(newest))) {
  console.error(
    `There is a fixture of ${newest} already. A fixture that was released is never written anew.`,
  );
  process.exit(1);
}
const dataSource = await open(source ?? 'pglite://memory', schema);
try {
  if (source === undefined) await upgradeTheFormer();
  writeFileSync(fixtureOf(newest), await dump());
  console.log(`Wrote test/schema/fixtures/${program}/${newest}.sql`);
} finally {
  await dataSource.destroy();
}

async function open(url, { entities, migrations }) {
  return new DataSource(dataSourceOptions(database.parse(url), { entities, migrations })).initialize();
}

async function upgradeTheFormer() {
  const former = names.at(-2);
  if (former === undefined)
    throw new Error('There is no migration before: name a database to take the rows of.');
  const migrations = dataSource.migrations.splice(-1);
  await applyMigrations(dataSource);
  await dataSource.query(readFileSync(fixtureOf(former), 'utf8'));
  dataSource.migrations.push(...migrations);
  await applyMigrations(dataSource);
}

async function dump() {
  const tables = await tablesInOrder();
  const parts = [
    `-- What a database of the ${program} holds after ${newest}; keys and tokens are those of the tests alone.`,
  ];
  parts.push(`TRUNCATE ${[...tables].sort().join(', ')};`);
  for (const table of tables) {
    const columns = await dataSource.query(
      `SELECT column_name AS name, is_identity = 'YES' AS identity FROM information_schema.columns
       WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position`,
      [table],
    );
    const values = columns.map(({ name }) => `quote_nullable("${name}"::text)`).join(` || ', ' || `);
    const rows = await dataSource.query(`SELECT ${values} AS row FROM ${table} ORDER BY 1`);
    const identity = columns.find((column) => column.identity);
    const overriding = identity === undefined ? '' : ' OVERRIDING SYSTEM VALUE';
    const into = `INSERT INTO ${table} (${columns.map(({ name }) => name).join(', ')})${overriding} VALUES`;
    if (rows.length > 0) parts.push(`${into}\n${rows.map(({ row }) => `  (${row})`).join(',\n')};`);
    if (identity !== undefined) {
      const sequence = `pg_get_serial_sequence('${table}', '${identity.name}')`;
      parts.push(`SELECT setval(${sequence}, (SELECT max(${identity.name}) FROM ${table}));`);
    }
  }
  return `${parts.join('\n\n')}\n`;
}

/** What is referred to comes before what refers to it. */
async function tablesInOrder() {
  const tables = await dataSource.query(
    `SELECT relname AS name, ARRAY(
       SELECT confrelid::regclass::text FROM pg_constraint
       WHERE conrelid = pg_class.oid AND contype = 'f' AND confrelid <> conrelid
     ) AS needs
     FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname <> 'migration'
     ORDER BY relname`,
  );
  const ordered = [];
  while (ordered.length < tables.length) {
    const ready = tables.filter(
      ({ name, needs }) => !ordered.includes(name) && needs.every((need) => ordered.includes(need)),
    );
    if (ready.length === 0) throw new Error('The tables refer to each other in a circle.');
    ordered.push(...ready.map(({ name }) => name));
  }
  return ordered;
}
