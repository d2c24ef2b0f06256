// Creates the next migration and registers it in the list of its program.
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HELP = `Creates a migration: its file with empty statements, and its line in the list of its program.

Usage: npm run migration:new -- <name> [options]

  <name>                what it adds or changes: words of small letters with hyphens, as in license-seats
  --issuer              a migration of the issuer server (of the service without this)
  --root <directory>    where the sources are (this repository)
  --help                print this

Nothing compiles until you have filled in both statements. Then change the entity and the store, and write the fixture:
npm run build && node scripts/write-fixture.mjs service    (or: issuer)
`;
const PROGRAMS = {
  service: { list: 'src/schema/service-schema.ts', directory: 'src/schema/migrations', prefix: '' },
  issuer: {
    list: 'src/issuer-server/issuer-server-schema.ts',
    directory: 'src/issuer-server/migrations',
    // By this name the programs tell their databases apart.
    prefix: 'authority-',
  },
};
/** One letter alone would lose its hyphen in the name of the class. */
const NAME = /^[a-z]{2,}(-[a-z]{2,})*$/;
/** Migrations are numbered by the time, Unix milliseconds, in steps of about a day. */
const STEP = 100_000_000;

class UsageError extends Error {}

try {
  run(process.argv.slice(2));
} catch (error) {
  const isUsage = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS');
  console.error(`Nothing was written: ${error.message}`);
  if (isUsage) console.error('npm run migration:new -- --help prints how to call it.');
  process.exitCode = isUsage ? 2 : 1;
}

function run(args) {
  const { values: options, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      issuer: { type: 'boolean', default: false },
      root: { type: 'string', default: fileURLToPath(new URL('..', import.meta.url)) },
      help: { type: 'boolean', default: false },
    },
  });
  if (options.help) return process.stdout.write(HELP);
  const program = options.issuer ? 'issuer' : 'service';
  const { list, directory, prefix } = PROGRAMS[program];
  const name = nameOf(positionals);
  const files = readdirSync(join(options.root, directory)).sort();
  const same = files.find((file) => file.replace(/-\d+\.ts$/, '') === prefix + name);
  if (same !== undefined)
    throw new Error(`there is a migration of that name, ${directory}/${same}: choose another.`);
  const number = nextNumber(files, Date.now());
  const file = `${directory}/${prefix}${name}-${number}.ts`;
  const className = `${(prefix + name).replace(/(?:^|-)([a-z])/g, (_, letter) => letter.toUpperCase())}${number}`;
  const listPath = join(options.root, list);
  const registered = register(readFileSync(listPath, 'utf8'), list, className, `${prefix}${name}-${number}`);
  writeFileSync(join(options.root, file), skeleton(className), { flag: 'wx' });
  try {
    writeFileSync(listPath, registered);
  } catch (error) {
    rmSync(join(options.root, file));
    throw error;
  }
  console.log(`Created ${file}, and registered it in ${list}.`);
  console.log(
    'Fill in both statements, change the entity and the store, then write the fixture of the new shape:\n' +
      `npm run build && node scripts/write-fixture.mjs ${program}`,
  );
}

function nameOf(positionals) {
  const [name, ...more] = positionals;
  if (name === undefined) throw new UsageError('the name of the migration is missing.');
  if (more.length > 0) throw new UsageError(`one name is enough: "${more.join(' ')}" is too much.`);
  if (!NAME.test(name))
    throw new UsageError(
      `"${name}" is not a name: write words of two or more small letters with hyphens between them, as in license-seats.`,
    );
  if (name.startsWith('authority'))
    throw new UsageError('the names of the issuer alone begin with "authority": --issuer adds that.');
  return name;
}

function nextNumber(files, now) {
  const numbers = files.map((file) => Number(/-(\d{13})\.ts$/.exec(file)?.[1] ?? 0));
  return Math.max(Math.floor(now / STEP) * STEP, Math.max(...numbers) + STEP);
}

/** The list with an import behind those of the other migrations, and a line at its end. */
function register(text, list, className, file) {
  const imports = [...text.matchAll(/^import .* from '\.\/migrations\/.*';\n/gm)];
  const lines = /^ {2}migrations: \[\n(?: {4}\w+,\n)+(?= {2}\],\n)/m.exec(text);
  const last = imports.at(-1);
  if (last === undefined || lines === null)
    throw new Error(`${list} has no list of migrations that can be extended: register it by hand.`);
  const afterImports = last.index + last[0].length;
  const end = lines.index + lines[0].length;
  return (
    text.slice(0, afterImports) +
    `import { ${className} } from './migrations/${file}.js';\n` +
    text.slice(afterImports, end) +
    `    ${className},\n` +
    text.slice(end)
  );
}

/** `query()` without a statement is a type error: an empty migration cannot be released. */
function skeleton(className) {
  return `import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ${className} implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query();
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query();
  }
}
`;
}
