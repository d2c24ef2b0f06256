import { randomUUID } from 'node:crypto';
import {
  type FileHandle,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { isReadingFiles } from '../../src/config/file-deadline.js';
import { ExportFile } from '../../src/database/export-file.js';
import { exportDatabase, importDatabase, type Transferable } from '../../src/database/transfer.js';
import { SERVICE_SCHEMA } from '../../src/schema/service-schema.js';
import { embeddedDatabase, type TestDatabase } from '../support/database.js';
import { HungFileSystem } from '../support/hung-file-system.js';

describe('The file of an export', () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-export-file-'));
    path = join(directory, 'export');
  });

  afterEach(() => rm(directory, { recursive: true }));

  it('has the rows of one export where a second one begins meanwhile, and the first is refused', async () => {
    const first = await ExportFile.make(path);
    await first.write('first');
    const second = await ExportFile.make(path);
    await second.write('sec');
    await expect(first.finish()).rejects.toThrow(/cannot be written: another export to the same file began/);
    await first.close();
    await second.write('ond');
    await second.finish();
    await second.close();
    expect([await readdir(directory), await readFile(path, 'utf8')]).toEqual([['export'], 'second']);
  });

  it('is one of two that began at once', async () => {
    const files = await Promise.all([ExportFile.make(path), ExportFile.make(path)]);
    const ends = await Promise.allSettled(
      files.map(async (file, index) => {
        try {
          await file.write(`${index}`.repeat(100));
          await file.finish();
        } finally {
          await file.close();
        }
      }),
    );
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(directory)).toEqual(['export']);
    const whole = ends.findIndex(({ status }) => status === 'fulfilled');
    expect(await readFile(path, 'utf8')).toBe(`${whole}`.repeat(100));
  });

  it('takes the parts of exports that were killed away, and nothing else', async () => {
    const killed = `export.${randomUUID()}.part`;
    const others = [
      'export.partial',
      `export.${randomUUID()}`,
      `other.${randomUUID()}.part`,
      'export.1.part',
      'export.part',
    ];
    for (const name of [killed, ...others]) await writeFile(join(directory, name), '');
    const [folder, link] = [`export.${randomUUID()}.part`, `export.${randomUUID()}.part`];
    await mkdir(join(directory, folder));
    await symlink('other', join(directory, link));
    const file = await ExportFile.make(path);
    await file.finish();
    await file.close();
    expect((await readdir(directory)).sort()).toEqual(['export', folder, link, ...others].sort());
  });

  it.each([
    ['of 213 bytes', 'x'.repeat(213)],
    ['of 214 bytes', 'x'.repeat(214)],
    ['of 255 bytes, the most there is', 'x'.repeat(255)],
    ['of 85 characters of three bytes', '€'.repeat(85)],
    ['of 63 characters of four bytes', '𝄞'.repeat(63)],
  ])('can have a name %s, and takes the parts of that name alone away', async (_, name) => {
    const beside = `${[...name].slice(0, -1).join('')}y`;
    const files = [];
    for (const each of [name, beside, name]) {
      const file = await ExportFile.make(join(directory, each));
      files.push(file);
      await file.write(`${files.length}`);
    }
    const ends = await Promise.allSettled(files.map(async (file) => file.finish()));
    for (const file of files) await file.close();
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect((await readdir(directory)).sort()).toEqual([name, beside].sort());
    expect(await readFile(join(directory, name), 'utf8')).toBe('3');
  });

  const mount = join(tmpdir(), `licentia-hung-export-file-${process.pid}`);
  const where = HungFileSystem.isPossible(mount) ? it : it.skip;

  where(
    'is given up where its file system hangs at the end, and is not touched again',
    async () => {
      const file = await ExportFile.make(path);
      const hung = HungFileSystem.mount(directory);
      try {
        await expect(file.finish()).rejects.toThrow(
          /cannot be written: it was not written within 10 s: .*\.part/,
        );
        const began = performance.now();
        await file.close();
        expect(performance.now() - began).toBeLessThan(1_000);
      } finally {
        hung?.end();
      }
      await settled();
    },
    30_000,
  );

  describe('whose single calls hang', () => {
    let database: TestDatabase;
    let program: Transferable;
    let handle: FileHandle;

    beforeAll(async () => {
      database = await embeddedDatabase();
      program = { location: database.location, schema: SERVICE_SCHEMA, program: 'service' };
      handle = await open('/dev/null');
    });

    afterAll(async () => {
      await handle.close();
      await database.drop();
    });

    it.each([
      ['writeFile', 'cannot be written: it was not written within 10 s'],
      ['sync', 'cannot be written: it was not written within 10 s'],
      ['read', 'cannot be read: it was not read within 10 s'],
    ] as const)(
      'ends a transfer with a sentence (%s)',
      async (method, words) => {
        await writeFile(`${path}.jsonl`, '{}\n');
        let answer: ((error: Error) => void) | undefined;
        const hanging = new Promise<never>((_, reject) => (answer = reject));
        const calls = jest
          .spyOn(Object.getPrototypeOf(handle) as FileHandle, method)
          .mockImplementation(async () => hanging);
        try {
          const transfer =
            method === 'read' ? importDatabase(program, `${path}.jsonl`) : exportDatabase(program, path);
          await expect(transfer).rejects.toThrow(words);
          expect(calls).toHaveBeenCalledTimes(1);
        } finally {
          calls.mockRestore();
          answer?.(new Error('EIO'));
        }
        await settled();
      },
      60_000,
    );
  });

  async function settled(): Promise<void> {
    while (isReadingFiles()) await new Promise((resolve) => setTimeout(resolve, 10));
  }
});
