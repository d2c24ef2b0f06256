import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import { MAX_CERTIFICATE_BYTES, readCertificateFile } from '../config/certificate-file.js';
import { MAX_SECRET_BYTES } from '../config/environment.js';
import { invisibleCharacter } from '../domain/invisible-character.js';
import { readNamedFile, textOfFile } from '../config/named-file.js';
import { type PostgresAddress, type PostgresTls, tlsFiles } from '../config/postgres-address.js';
import { postgresTls } from '../config/postgres-tls.js';
import { database, type DatabaseLocation, SettingError } from '../config/setting.js';
import { takePasswordFrom } from './password-file.js';
import { secureContextOf } from './secure-context.js';

type PostgresLocation = Extract<DatabaseLocation, { kind: 'postgres' }>;

/** What a connection is made with. */
interface Current {
  readonly url: string;
  readonly tls: PostgresTls | false | undefined;
}

/**
 * The setting that names a file which can change: `DATABASE_URL` for those of `sslrootcert`, `sslcert` and
 * `sslkey`.
 */
export type DatabaseSetting = 'DATABASE_URL_FILE' | 'DATABASE_CA_PATH' | 'DATABASE_URL';

/** What the files say now, where that differs from what connections are made with. */
export interface Candidate {
  /** The settings whose files say it. */
  readonly settings: readonly DatabaseSetting[];
  readonly connection: Current;
}

/** What a setting's file says cannot be used. */
export class DatabaseUrlError extends Error {
  override readonly name = 'DatabaseUrlError';

  constructor(
    readonly setting: DatabaseSetting,
    cause: unknown,
  ) {
    super((cause as Error).message, { cause });
  }
}

/**
 * The address of a PostgreSQL server with its credentials and certificates. Where a file says it, a change of
 * the file is a candidate: new connections are made with it from {@link use} on, and the ones before are
 * outdated then.
 */
export class DatabaseUrl {
  #current: Current;
  #candidate: Candidate | undefined;
  /** The files' content at the last look: what is the same is not parsed again. */
  #seen = new Map<string, Buffer>();

  constructor(private readonly location: PostgresLocation) {
    this.#current = { url: location.url, tls: location.tls };
  }

  /** The settings whose files can change. */
  get settings(): DatabaseSetting[] {
    const { file, trustedCasPath, address } = this.location;
    const hasFiles = address !== undefined && tlsFiles(address).length > 0;
    return [
      ...(file === undefined ? [] : ['DATABASE_URL_FILE' as const]),
      ...(trustedCasPath === undefined ? [] : ['DATABASE_CA_PATH' as const]),
      ...(file === undefined && hasFiles ? ['DATABASE_URL' as const] : []),
    ];
  }

  /**
   * Reads the files again; changes no connection.
   * @returns the same object while the files say the same; undefined where they say what is in use
   * @throws DatabaseUrlError for what cannot be used
   */
  async look(): Promise<Candidate | undefined> {
    const seen = new Map<string, Buffer>();
    const { file, trustedCasPath, address } = this.location;
    const said: DatabaseSetting = file === undefined ? 'DATABASE_URL' : 'DATABASE_URL_FILE';
    const bytes = file === undefined ? undefined : await this.#read(said, file, MAX_SECRET_BYTES, seen);
    const now = bytes === undefined ? address : of(said, () => addressIn(bytes));
    if (now === undefined) return undefined;
    if (trustedCasPath !== undefined) {
      await this.#read('DATABASE_CA_PATH', trustedCasPath, MAX_CERTIFICATE_BYTES, seen);
    }
    for (const named of tlsFiles(now)) await this.#read(said, named, MAX_CERTIFICATE_BYTES, seen);
    if (isSame(seen, this.#seen)) return this.#candidate;

    const content = (path: string) => seen.get(path) ?? Buffer.alloc(0);
    const trustedCas =
      trustedCasPath === undefined
        ? undefined
        : of('DATABASE_CA_PATH', () => readCertificateFile(trustedCasPath, content));
    const before = this.#current;
    const next = { url: now.url, tls: of(said, () => postgresTls(now, trustedCas, content)) };
    this.#seen = seen;
    const isOtherCa = !isDeepStrictEqual(caOf(before), caOf(next));
    const isOtherUrl = !isDeepStrictEqual(withoutTrustedCas(before), withoutTrustedCas(next));
    this.#candidate = undefined;
    if (isOtherUrl || isOtherCa) {
      const isByUrl = isOtherUrl || trustedCas === undefined;
      const isByTrustedCas = isOtherCa && trustedCas !== undefined;
      const settings = [...(isByUrl ? [said] : []), ...(isByTrustedCas ? ['DATABASE_CA_PATH' as const] : [])];
      this.#candidate = { settings, connection: next };
    }
    return this.#candidate;
  }

  /** The class of clients that connect with a candidate, which is not in use yet. */
  clientsOf({ connection }: Candidate): typeof pg.Client {
    const { passwordFile } = this.location;
    return class extends pg.Client {
      constructor(options: pg.ClientConfig) {
        super(withConnection(options, connection));
        takePasswordFrom(passwordFile, this);
      }
    };
  }

  /** Makes new connections with a candidate from now on. */
  use(candidate: Candidate): void {
    this.#current = candidate.connection;
    if (this.#candidate === candidate) this.#candidate = undefined;
  }

  /** The class of clients that connect with what is current when they are made. */
  clients(): typeof pg.Client {
    const current = () => this.#current;
    const { passwordFile } = this.location;
    return class extends pg.Client {
      readonly #madeWith = current();

      constructor(options: pg.ClientConfig) {
        super(withConnection(options, current()));
        takePasswordFrom(passwordFile, this);
      }

      get isOutdated(): boolean {
        return this.#madeWith !== current();
      }
    };
  }

  async #read(setting: DatabaseSetting, path: string, maxBytes: number, seen: Map<string, Buffer>) {
    try {
      const bytes = await readNamedFile(path, maxBytes);
      seen.set(path, bytes);
      return bytes;
    } catch (error) {
      throw new DatabaseUrlError(setting, error);
    }
  }
}

/** A client of {@link DatabaseUrl.clients}. */
export interface DatedClient extends pg.PoolClient {
  /** Whether it was made with another address than the current one. */
  readonly isOutdated: boolean;
}

/** @throws SettingError, NamedFileError */
function addressIn(bytes: Buffer): PostgresAddress {
  const text = textOfFile(bytes);
  const invisible = invisibleCharacter(text);
  if (invisible !== undefined) throw new SettingError(`must not have an invisible character: ${invisible}`);
  const read = database.parse(text);
  if (read.kind !== 'postgres' || read.address === undefined) {
    throw new SettingError('must stay the address of a PostgreSQL server');
  }
  return read.address;
}

function withConnection(options: pg.ClientConfig, { url, tls }: Current): pg.ClientConfig {
  // A copy, as the driver changes it. Without a word of ours it would take that of PGSSLMODE.
  return { ...options, connectionString: url, ssl: tls ? { ...tls, ...secureContextOf(tls) } : false };
}

function of<T>(setting: DatabaseSetting, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new DatabaseUrlError(setting, error);
  }
}

function isSame(now: ReadonlyMap<string, Buffer>, before: ReadonlyMap<string, Buffer>): boolean {
  return (
    now.size === before.size && [...now].every(([path, bytes]) => before.get(path)?.equals(bytes) === true)
  );
}

function caOf({ tls }: Current): readonly string[] {
  return (tls || undefined)?.ca ?? [];
}

/** Functions are told apart by whether they are there. */
function withoutTrustedCas({ url, tls }: Current): unknown {
  if (tls === undefined || tls === false) return [url, tls];
  const { rejectUnauthorized, cert, key, checkServerIdentity } = tls;
  return [url, rejectUnauthorized, cert, key, checkServerIdentity === undefined];
}
