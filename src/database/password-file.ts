import type { Socket } from 'node:net';
import type pg from 'pg';
import { NamedFileError, readNamedFile } from '../config/named-file.js';

/** Lines for thousands of servers. Bytes. */
const MAX_BYTES = 1024 * 1024;
const DEFAULT_PORT = 5432;

/** What was last read, by path: an operator meant it, and a file system that fails takes no server away. */
const lastRead = new Map<string, string>();

/** What is wrong with a file until an operator changes it; a file system that fails may come back. */
const LASTING = ['EISDIR', 'EACCES', 'not-regular', 'too-large', 'not-private'];
/** SQLSTATE. */
const WRONG_PASSWORD = '28P01';
const MISSING = ['ENOENT', 'ENOTDIR'];

/** Where a connection leads. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly database?: string | undefined;
  readonly user?: string | undefined;
}

/**
 * Gives a client without a password that of a file, as `psql` does, where its server asks for one. Every connection
 * reads the file anew; while its file system fails, what was read before stays in use. `pg` would read it without a
 * deadline: one that hangs would hold all threads of Node.
 *
 * @param file - its path; undefined for none
 */
export function takePasswordFrom(file: string | undefined, client: pg.Client): void {
  if (client.password) return;
  const password = async () => {
    try {
      return file === undefined ? undefined : await readPassword(file, client);
    } catch (error) {
      // `pg` would leave the connection open, and the server counts it. After the error was told.
      setImmediate(() => hangUp(client));
      throw error;
    }
  };
  Object.assign(client, { password });
}

/**
 * @returns undefined where there is no file, or no line for the server in it
 * @throws Error for a file that cannot be used, when the server asks for a password: with the SQLSTATE of a wrong
 *   password where only an operator can change that
 */
async function readPassword(file: string, target: Target): Promise<string | undefined> {
  try {
    const text = (await readNamedFile(file, MAX_BYTES, 'owner')).toString();
    lastRead.set(file, text);
    return passwordIn(text, target);
  } catch (error) {
    if (!(error instanceof NamedFileError)) throw error;
    if ([...MISSING, ...LASTING].includes(error.code)) lastRead.delete(file);
    const before = lastRead.get(file);
    if (before !== undefined) return passwordIn(before, target);
    if (MISSING.includes(error.code)) return undefined;
    // Without the cause: its code would be taken for one of the database's directory.
    const fault = new Error(
      `the server asks for a password, and the file of passwords ${file} cannot be used: ${error.message}`,
    );
    throw LASTING.includes(error.code) ? Object.assign(fault, { code: WRONG_PASSWORD }) : fault;
  }
}

/**
 * The password of the first line that fits: `host:port:database:user:password`, each of the first four can be `*`,
 * and a colon or a backslash has a backslash before it (PostgreSQL's documentation, "The Password File").
 */
export function passwordIn(text: string, { host, port, database, user }: Target): string | undefined {
  for (const line of text.split(/\r?\n/)) {
    const [, ...fields] =
      /^((?:[^:\\]|\\.)+):([^:]+):((?:[^:\\]|\\.)+):((?:[^:\\]|\\.)+):(.+)$/.exec(line) ?? [];
    const [hosts, ports, databases, users, password] = fields.map((field) =>
      field.replace(/\\([:\\])/g, '$1'),
    );
    const isMatch =
      (ports === '*' || Number(ports) === (port || DEFAULT_PORT)) &&
      [
        [hosts, host],
        [databases, database],
        [users, user],
      ].every(([field, value]) => field !== undefined && (field === '*' || field === value));
    if (isMatch) return password;
  }
  return undefined;
}

/** Closes the connection without a word to the server. */
export function hangUp(client: pg.Client): void {
  (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream.destroy();
}
