import { access, constants, readFile, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openFilesWarning, ownLimits } from '../config/open-files.js';
import type { DatabaseLocation } from '../config/setting.js';
import { failed, sentence } from './failure.js';
import { type Finding, findingsOf } from './finding.js';
import type { Probes } from './probe.js';

const DISK = findingsOf('disk');
const LIMITS = findingsOf('limits');
const LOOK_MS = 3_000;
const MIB = 2 ** 20;
/** Below the one there is little time, below the other changes fail soon; MiB. */
const LITTLE_MIB = 1_024;
const LEAST_MIB = 64;

/** The disk of an embedded database. What a server has is for those who look after it. */
export async function examineDisk(location: DatabaseLocation, probes: Probes): Promise<readonly Finding[]> {
  if (location.kind !== 'embedded')
    return [DISK.ok('space', 'The service keeps nothing on this disk: the database is elsewhere.')];
  const { value, faults } = await probes.look(
    ...(['disk', 'space', LOOK_MS] as const),
    () => spaceOf(location.directory),
    (error) => failed(DISK, 'space', error, 'directory-unusable'),
  );
  return value === undefined ? faults : [value];
}

async function spaceOf(directory: string): Promise<Finding> {
  const found = await nearest(directory);
  await access(found, constants.R_OK | constants.W_OK | constants.X_OK);
  const { bavail, bsize, ffree, files } = await statfs(found);
  const free = Math.floor((Number(bavail) * Number(bsize)) / MIB);
  const message = `${free} MiB are free for ${directory}.`;
  const next = 'Free or add space: a change that cannot be written fails.';
  if (free < LEAST_MIB) return DISK.fail('space', message, { cause: 'database.unavailable', next });
  if (Number(files) > 0 && Number(ffree) === 0)
    return DISK.fail('space', `No file can be added to ${directory}: it has no inode left.`, { next });
  return free < LITTLE_MIB ? DISK.warn('space', message, { next }) : DISK.ok('space', message);
}

/** The directory, or the one above it in which the first start makes it. */
async function nearest(directory: string): Promise<string> {
  try {
    await access(directory);
    return directory;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(directory) === directory) throw error;
    return nearest(dirname(directory));
  }
}

/** @param holder - the process of the service, where it is known: its limits count, else those of this one */
export async function examineLimits(
  maxConnections: number,
  holder: number | undefined,
  probes: Probes,
): Promise<readonly Finding[]> {
  const { value, faults } = await probes.look(
    ...(['limits', 'open files', LOOK_MS] as const),
    async () => {
      const theirs =
        holder === undefined ? '' : await readFile(`/proc/${holder}/limits`, 'utf8').catch(() => '');
      const who = theirs === '' ? 'this shell' : `process ${holder}`;
      const warning = openFilesWarning(maxConnections, theirs || ownLimits());
      if (warning === undefined)
        return LIMITS.ok(
          'open files',
          `As many files may be open in ${who} as ${maxConnections} connections need.`,
        );
      const [message = '', next = ''] = warning.replace('this process', who).split(': ', 2);
      return LIMITS.warn('open files', upper(sentence(message)), { next: upper(sentence(next)) });
    },
    (error) => failed(LIMITS, 'open files', error),
  );
  return value === undefined ? faults : [value];
}

function upper(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
