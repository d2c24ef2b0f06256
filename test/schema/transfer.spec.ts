import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportDatabase, importDatabase, type Transferable } from '../../src/database/transfer.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { HungFileSystem } from '../support/hung-file-system.js';
import { fill, openAs, PROGRAMS, shapesOf } from './shape.js';

describe.each(PROGRAMS)('an export of the $name', (program) => {
  const newest = shapesOf(program).at(-1) as ReturnType<typeof shapesOf>[number];
  const owner = program.name === 'service' ? ('service' as const) : ('issuer' as const);
  let directory: string;
  let full: TestDatabase;
  let empty: TestDatabase;

  const transferable = ({ location }: TestDatabase): Transferable => ({
    location,
    schema: program.schema,
    program: owner,
  });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-export-'));
    [full, empty] = [await testDatabase('none'), await testDatabase('none')];
    await fill(newest, full);
  });

  afterAll(async () => {
    await Promise.all([full.drop(), empty.drop(), rm(directory, { recursive: true })]);
  });

  it('comes back row by row in an empty database, and is refused where it is damaged, strange or late', async () => {
    const [file, again, broken] = ['one', 'two', 'broken'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    const rows = await exportDatabase(transferable(full), file);
    expect(rows).toBeGreaterThan(2);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const text = await readFile(file, 'utf8');
    expect(text.trimEnd().split('\n')).toHaveLength(rows + 2);

    // Nothing is written over, and nothing is left of what fails.
    await expect(exportDatabase(transferable(full), file)).rejects.toThrow(/cannot be made: EEXIST/);
    const cases: [string, RegExp][] = [
      [text.slice(0, -15), /cut off or damaged/],
      [text.replace(/\n[^]*?\n/, '\n'), /cut off or damaged/],
      [text.replace(/\n[^]*?\n/, '\nnull\n'), /cut off or damaged/],
      [text.replace(/"row":\{.*/, '"row":null}'), /cut off or damaged/],
      [text.replace(/"row":\{.*/, '"row":5}'), /cut off or damaged/],
      [text.replace(/"migrations":\[[^\]]*\]/, '"migrations":5'), /is no export of the/],
      [text.replace(`"${owner}"`, '"somebody"'), /is no export of the/],
      [text.replace('"migrations":[', '"migrations":["Newer2000000000000",'), /of a newer release/],
    ];
    for (const [content, words] of cases) {
      await writeFile(broken, content);
      await expect(importDatabase(transferable(empty), broken)).rejects.toThrow(words);
    }
    await expect(exportDatabase(transferable(empty), again)).rejects.toThrow(/--migrate/);

    await chmod(file, 0o400);
    expect(await importDatabase(transferable(empty), file)).toBe(rows);
    expect(await exportDatabase(transferable(empty), again)).toBe(rows);
    expect((await readFile(again, 'utf8')).split('\n').sort()).toEqual(text.split('\n').sort());
    await expect(importDatabase(transferable(empty), file)).rejects.toThrow(/has tables of ours already/);
  }, 240_000);

  it('has a row on one line with any text in it, and comes back with that text', async () => {
    const text = 'a\u2028b\u2029c\u0085d\r\n\ve ü☃😀';
    const source = await openAs({ program, count: program.schema.migrations.length }, full);
    const [table, column] = owner === 'service' ? ['service_account', 'name'] : ['issued_license', 'company'];
    try {
      await source.query(
        `UPDATE ${table} SET ${column} = $1 WHERE ctid = (SELECT ctid FROM ${table} LIMIT 1)`,
        [text],
      );
    } finally {
      await source.destroy();
    }
    const file = join(directory, 'separators');
    const rows = await exportDatabase(transferable(full), file);
    const exported = await readFile(file, 'utf8');
    expect(exported).not.toMatch(/[\u2028\u2029]/);
    const target = await testDatabase('none');
    try {
      // An export of a release that wrote them as they are is read too.
      await writeFile(file, exported.replaceAll('\\u2028', '\u2028').replaceAll('\\u2029', '\u2029'));
      expect(await importDatabase(transferable(target), file)).toBe(rows);
      await exportDatabase(transferable(target), join(directory, 'separators again'));
      const again = await readFile(join(directory, 'separators again'), 'utf8');
      expect(again.split('\n').sort()).toEqual(exported.split('\n').sort());
    } finally {
      await target.drop();
    }
  }, 240_000);

  it('replaces the part of an export that was cut off, and leaves none', async () => {
    const file = join(directory, 'repeated');
    await writeFile(`${file}.${randomUUID()}.part`, 'cut off');
    await exportDatabase(transferable(full), file);
    expect((await readdir(directory)).filter((name) => name.startsWith('repeated'))).toEqual(['repeated']);
    await expect(exportDatabase(transferable(full), file)).rejects.toThrow(/cannot be made: EEXIST/);
  });

  const mount = join(tmpdir(), `licentia-hung-transfer-${process.pid}`);
  const where = HungFileSystem.isPossible(mount) ? it : it.skip;

  where(
    'gives up where the file system of the file hangs',
    async () => {
      await mkdir(mount);
      const hung = HungFileSystem.mount(mount);
      try {
        const file = join(mount, 'export');
        await expect(exportDatabase(transferable(full), file)).rejects.toThrow('not made within 2 s');
        await expect(importDatabase(transferable(empty), file)).rejects.toThrow('not read within 2 s');
      } finally {
        hung?.end();
        await rm(mount, { recursive: true, force: true });
      }
    },
    30_000,
  );

  it('tells what is wrong with the file as a fault of the file', async () => {
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await expect(importDatabase(transferable(full), pipe)).rejects.toThrow(
      /^The file cannot be read: it is no regular file/,
    );
    await expect(importDatabase(transferable(full), directory)).rejects.toThrow(
      /^The file cannot be read: it is a directory/,
    );
  });
});
