import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'tar';
import { prepareDataDirectory } from '../../src/database/embedded/data-directory.js';
import { templatePath } from '../../src/database/embedded/data-template.js';
import { embeddedDriver } from '../../src/database/embedded/embedded-driver.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'licentia-template-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

describe('the template of new embedded databases', () => {
  it('gives the same settings, databases and catalogs as initdb', async () => {
    const template = await builtTemplate();
    await prepareDataDirectory(root, template);
    const unpacked = await described(root);
    await rm(join(root, 'pgdata'), { recursive: true });
    await prepareDataDirectory(root);
    const made = await described(root);

    expect(unpacked.settings).toContainEqual({ name: 'shared_buffers', setting: '2048' });
    expect(unpacked).toEqual(made);
  });

  it('that is cut off is told, and leaves nothing that would be opened', async () => {
    const bytes = await readFile(await builtTemplate());
    const cut = join(root, 'cut.tar.gz');
    await writeFile(cut, bytes.subarray(0, bytes.length / 2));
    const directory = await mkdtemp(join(root, 'database-'));

    await expect(prepareDataDirectory(directory, cut)).rejects.toThrow(/^creating it failed: /);
    expect(await readdir(directory)).not.toContain('pgdata');
  });

  it('that ends after one of its files is told, and leaves nothing that would be opened', async () => {
    const whole = join(root, 'whole');
    await mkdir(join(whole, 'global'), { recursive: true });
    await writeFile(join(whole, 'global', 'pg_control'), 'control');
    const part = join(root, 'part.tar.gz');
    await create({ file: part, cwd: root, gzip: true }, ['whole']);
    const directory = await mkdtemp(join(root, 'database-'));

    await expect(prepareDataDirectory(directory, part)).rejects.toThrow(
      /^creating it failed: .*part\.tar\.gz/,
    );
    expect(await readdir(directory)).not.toContain('pgdata');
  });
});

/** What Postgres says of a database that is nobody's yet. */
async function described(directory: string): Promise<Record<string, unknown[]>> {
  const pool = new (embeddedDriver({ directory }).Pool)();
  const rows = async (sql: string) => (await pool.query(sql)).rows as unknown[];
  try {
    return {
      settings: await rows('SELECT name, setting FROM pg_settings ORDER BY name'),
      databases: await rows(
        'SELECT datname, encoding, datcollate, datctype FROM pg_database ORDER BY datname',
      ),
      tables: await rows('SELECT oid, relname FROM pg_class ORDER BY oid'),
      roles: await rows('SELECT rolname, rolsuper FROM pg_roles ORDER BY rolname'),
    };
  } finally {
    await pool.end();
  }
}

async function builtTemplate(): Promise<string> {
  const template = await templatePath();
  if (template === undefined) throw new Error('there is no template: `npm run build` makes it');
  return template;
}
