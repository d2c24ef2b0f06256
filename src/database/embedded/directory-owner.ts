import { readFileSync } from 'node:fs';
import { mkdtemp, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DATA } from './data-layout.js';
import { DirectoryLock } from './directory-lock.js';
import { EmbeddedDirectoryError } from './embedded-directory-error.js';

const ROOT = 0;
/** Its group may do everything, and what is made in it has the same group (setgid). */
const SHARED = 0o2070;

interface Owner {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/**
 * Refuses a database of another user: what this process makes in it would be its own, and the next start as that user
 * would be denied it. Before there is a database, root alone is refused, by the owner of the directory or of the one
 * that it would be made in. Others may be let in by a group there, as to the root of a volume. They are let in to a
 * database too that is shared with their group, as by `fsGroup` of Kubernetes. Leaves nothing behind.
 * Where the file system gives everything to one user, as a mount with `uid=` does, nobody is refused.
 *
 * @throws EmbeddedDirectoryError, or EmbeddedDirectoryInUseError where the owner's process has it open
 */
export async function assertOwned(directory: string): Promise<void> {
  const user = process.geteuid?.();
  // Windows has no such owners.
  if (user === undefined) return;
  const data = join(directory, DATA);
  let owner = await ownerOf(data);
  if (user === ROOT) owner ??= (await ownerOf(directory)) ?? (await ownerOf(dirname(directory)));
  if (owner === undefined || owner.uid === user) return;
  if (user !== ROOT && isShared(owner)) return;
  const { path, uid, gid } = owner;
  if ((await ownerOfNew(path === data ? directory : path)) === uid) return;
  // Others may not ask the owner's process.
  if (user === ROOT && path === data) await DirectoryLock.assertFree(directory);
  const name = nameOf(uid);
  const become =
    name === undefined ? `setpriv --reuid=${uid} --regid=${gid} --clear-groups` : `sudo -u ${name}`;
  throw new EmbeddedDirectoryError(
    `The embedded database in ${directory} is not used: ${path} belongs to the user ${name ?? uid}, and this process runs ` +
      `as ${nameOf(user) ?? user}. That user could not open files that it makes there. Run it as that user (${become} …), ` +
      `or let the directory belong to this one (chown -R ${user} ${path}).`,
  );
}

function isShared({ gid, mode }: Owner): boolean {
  return (mode & SHARED) === SHARED && process.getgroups?.().includes(gid) === true;
}

/** Undefined where it is missing, or where another check says why it cannot be used. */
async function ownerOf(path: string): Promise<Owner | undefined> {
  return stat(path).then(
    ({ uid, gid, mode }) => ({ path, uid, gid, mode }),
    () => undefined,
  );
}

/** Whose a thing is that this process makes in a directory. Undefined where it may make none. */
async function ownerOfNew(directory: string): Promise<number | undefined> {
  try {
    const made = await mkdtemp(join(directory, `${DATA}-owner.`));
    const owner = await ownerOf(made);
    await rmdir(made);
    return owner?.uid;
  } catch {
    return undefined;
  }
}

/** Undefined for users that this machine's file does not have, as those of another container or a directory service. */
function nameOf(uid: number): string | undefined {
  try {
    const users = readFileSync('/etc/passwd', 'utf8').split('\n');
    return users.map((line) => line.split(':')).find((fields) => fields[2] === `${uid}`)?.[0];
  } catch {
    return undefined;
  }
}
