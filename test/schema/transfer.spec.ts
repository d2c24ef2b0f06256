import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportDatabase, importDatabase, type Transferable } from '../../src/database/transfer.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { fill, PROGRAMS, shapesOf } from './shape.js';

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
    [full, empty] = [await testDatabase(), await testDatabase()];
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
});
