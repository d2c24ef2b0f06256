import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectLicenseSources } from '../../../src/licensing/sources/license-source-remarks.js';

const TOKEN = 'eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl';

describe('The sources of licenses, looked at before a start', () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-license-file-'));
    path = join(directory, 'license.jwt');
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it('are fine where there are none, and where they have the shape of a token', async () => {
    expect(await inspectLicenseSources({ path: undefined, text: undefined })).toEqual([]);
    await writeFile(path, `\ufeff${TOKEN}\r\n\n`);
    expect(await inspectLicenseSources({ path, text: ` ${TOKEN}\n` })).toEqual([]);
  });

  it.each<[string, () => Promise<unknown>, string]>([
    [
      'missing',
      () => Promise.resolve(),
      'names a file that cannot be used now: there is no such file. It is looked at again every second.',
    ],
    [
      'a pipe',
      async () => execFileSync('mkfifo', [path]),
      'names a file that cannot be used now: it is no regular file. It is looked at again every second.',
    ],
    [
      'too large',
      async () => {
        await writeFile(path, '');
        await truncate(path, 2 ** 31);
      },
      'names a file that cannot be used now: it has more than 64 KiB. It is looked at again every second.',
    ],
  ])('are pointed out where the file is %s', async (_, make, sentence) => {
    await make();
    expect(await inspectLicenseSources({ path, text: undefined })).toEqual([`LICENSE_PATH ${sentence}`]);
  });

  it.each([
    ['', 'The token is empty.'],
    [`"${TOKEN}"`, 'The token is in quotes or brackets.'],
    [`Bearer ${TOKEN}`, 'The token has "Bearer " before it.'],
  ])('are pointed out where they are no token: %s', async (text, sentence) => {
    await writeFile(path, text);
    expect(await inspectLicenseSources({ path, text })).toEqual([
      `LICENSE_PATH: ${sentence}`,
      `LICENSE_TEXT: ${sentence}`,
    ]);
  });
});
