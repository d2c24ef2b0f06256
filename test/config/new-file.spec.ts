import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { removeUnfinished } from '../../src/config/new-file.js';

const HOUR_MS = 3_600_000;

describe('Files that are left of processes that were killed', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-new-file-'));
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await rm(directory, { recursive: true });
  });

  it.each([
    ['right', 0],
    ['an hour ahead', HOUR_MS],
    ['an hour behind', -HOUR_MS],
  ])('are removed by the clock of their file system where that of the machine is %s', async (_, shift) => {
    const [old, fresh] = [`named.${randomUUID()}`, `named.${randomUUID()}`];
    const now = Date.now();
    for (const name of [old, fresh]) await writeFile(join(directory, name), '');
    await utimes(join(directory, old), new Date(now), new Date(now - 90_000));
    jest.spyOn(Date, 'now').mockReturnValue(now + shift);
    await removeUnfinished(join(directory, 'named'));
    expect(await readdir(directory)).toEqual([fresh]);
  });

  it('need no other file where there are none', async () => {
    await removeUnfinished(join(directory, 'missing', 'named'));
    expect(await readdir(directory)).toEqual([]);
  });
});
