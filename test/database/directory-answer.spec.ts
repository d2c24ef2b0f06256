import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isReadingFiles } from '../../src/config/file-deadline.js';
import { assertAnswers } from '../../src/database/embedded/directory-answer.js';
import { HungFileSystem } from '../support/hung-file-system.js';

describe('The look at an embedded directory whose file system hangs', () => {
  const mount = join(tmpdir(), `licentia-hung-answer-${process.pid}`);
  const where = HungFileSystem.isPossible(mount) ? it : it.skip;

  afterEach(() => rm(mount, { recursive: true, force: true }));

  where(
    'ends with an error, holds one thread however often it is repeated, and works after the repair',
    async () => {
      await mkdir(mount);
      const hung = HungFileSystem.mount(mount);
      const calls = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('FSReq'));
      try {
        for (let times = 0; times < 2; times += 1) {
          const looks = await Promise.allSettled([assertAnswers(mount), assertAnswers(mount)]);
          for (const look of looks) {
            expect(look).toMatchObject({
              reason: {
                name: 'EmbeddedDirectoryError',
                message: expect.stringContaining(`${mount} did not answer within 2 s`) as string,
              },
            });
          }
          expect(calls()).toHaveLength(1);
          // So the end of the process does not wait for it.
          expect(isReadingFiles()).toBe(true);
        }
      } finally {
        hung?.end();
      }
      while (isReadingFiles()) await new Promise((resolve) => setTimeout(resolve, 10));
      await assertAnswers(mount);
    },
  );

  it('has nothing to say of a directory that is missing', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'licentia-answer-'));
    await assertAnswers(join(directory, 'missing'));
    await assertAnswers(directory);
    await rm(directory, { recursive: true });
  });
});
