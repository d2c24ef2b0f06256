import pg from 'pg';
import { MOST_SECRET_BYTES } from '../config/environment.js';
import { readNamedFile, textOfFile } from '../config/named-file.js';
import { database, type DatabaseLocation, SettingFault } from '../config/setting.js';

/**
 * The address of a PostgreSQL server with its credentials. Where a file says it, a change of the file counts for new
 * connections, and the ones before are closed as soon as nobody uses them.
 */
export class DatabaseUrl {
  #current: string;

  constructor(private readonly location: Extract<DatabaseLocation, { kind: 'postgres' }>) {
    this.#current = location.url;
  }

  get current(): string {
    return this.#current;
  }

  /** Whether a file says it, which can change. */
  get isNamedByFile(): boolean {
    return this.location.file !== undefined;
  }

  /**
   * Reads the file again. What cannot be used changes nothing.
   * @returns whether it says something new
   * @throws NamedFileError, SettingFault
   */
  async look(): Promise<boolean> {
    if (this.location.file === undefined) return false;
    const text = textOfFile(await readNamedFile(this.location.file, MOST_SECRET_BYTES));
    const read = database.parse(text);
    if (read.kind !== 'postgres') throw new SettingFault('must stay the address of a PostgreSQL server');
    if (read.url === this.#current) return false;
    this.#current = read.url;
    return true;
  }

  /** The class of clients that connect with what is current when they are made. */
  clients(): typeof pg.Client {
    const current = () => this.#current;
    return class extends pg.Client {
      readonly #madeWith = current();

      constructor(options: pg.ClientConfig) {
        super({ ...options, connectionString: current() });
      }

      get isOutdated(): boolean {
        return this.#madeWith !== current();
      }
    };
  }
}

/** A client of {@link DatabaseUrl.clients}. */
export interface DatedClient extends pg.PoolClient {
  /** Whether it was made with another address than the current one. */
  readonly isOutdated: boolean;
}
