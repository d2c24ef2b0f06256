import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const DIST = new URL('../../dist/', import.meta.url);

/** The files that a run of this program loads. */
async function filesOf(program: string, argument: string): Promise<string[]> {
  const coverage = await mkdtemp(join(tmpdir(), 'licentia-coverage-'));
  try {
    // Node writes the name of each file that it ran.
    await promisify(execFile)(process.execPath, [fileURLToPath(new URL(program, DIST)), argument], {
      env: { NODE_V8_COVERAGE: coverage },
    });
    const [name = ''] = await readdir(coverage);
    const { result } = JSON.parse(await readFile(join(coverage, name), 'utf8')) as {
      result: { url: string }[];
    };
    return result.map(({ url }) => url).filter((url) => url.startsWith('file:'));
  } finally {
    await rm(coverage, { recursive: true });
  }
}

describe('The build', () => {
  it.each([
    ['main.js', '--version'],
    ['issuer-server/main.js', '--version'],
    ['quickstart.js', '--check-config'],
    ['cli/main.js', '--version'],
  ])('makes %s load few files, and none of a package', async (program, argument) => {
    const files = await filesOf(program, argument);
    expect(files).toContain(new URL(program, DIST).href);
    expect(files.length).toBeLessThan(100);
    expect(files.filter((url) => url.includes('/node_modules/'))).toEqual([]);
  });
});
