import { isIP } from 'node:net';
import { resolve } from 'node:path';
import {
  parsePostgresAddress,
  type PostgresAddress,
  type PostgresTls,
  tlsFiles,
} from './postgres-address.js';
import { SettingError } from './setting-error.js';
import { parseAddress, parseRootUrl, type RootUrl, RootUrlError } from '../domain/root-url.js';

export { SettingError };

/**
 * One setting of the environment: how its text becomes a value. `secret` ones can also be given as a file
 * (`<NAME>_FILE`) and are never printed.
 */
export interface Setting<T> {
  /** @throws SettingError when the text has no meaning for this setting. */
  readonly parse: (text: string) => T;
  /** What counts when the environment has no such name; written as it would be in the environment. */
  readonly fallback: string | undefined;
  readonly secret: boolean;
  /** Whether the text is taken as it is, invisible characters and all, because its reader judges it. */
  readonly verbatim?: boolean;
  /**
   * The files with certificates and keys that the text names, where {@link parse} or what follows it reads
   * them at once.
   */
  readonly files?: (text: string) => readonly string[];
}

/** Where the database is. */
export type DatabaseLocation =
  | {
      readonly kind: 'postgres';
      /** For the driver; nothing of TLS is in it. */
      readonly url: string;
      /** The file that says it, which may say another one later. */
      readonly file?: string;
      /** The file of passwords that counts where the address has none, see `PGPASSFILE` of PostgreSQL. */
      readonly passwordFile?: string;
      /** What the setting says, until TLS is known. */
      readonly address?: PostgresAddress;
      /** The file of `DATABASE_CA_PATH`. */
      readonly trustedCasPath?: string | undefined;
      /** `false`: no TLS, regardless of the environment. Undefined if no setting decides it. */
      readonly tls?: PostgresTls | false | undefined;
    }
  | { readonly kind: 'embedded'; readonly directory: string }
  | { readonly kind: 'memory' };

type Parsed<T> = Pick<Setting<T>, 'parse' | 'files'>;

/** A setting that has a value even where the environment is silent. */
export function withDefault<T>(parsed: Parsed<T>, fallback: string): Setting<T> {
  return { ...parsed, fallback, secret: false };
}

/** A setting that may be absent. */
export function optional<T>(parsed: Parsed<T>): Setting<T | undefined> {
  return { ...parsed, fallback: undefined, secret: false };
}

/** The same setting, as a secret: it can be given as a file and is never printed. */
export function secret<T>(setting: Setting<T>): Setting<T> {
  return { ...setting, secret: true };
}

export function integer(lowest: number, highest: number): Parsed<number> {
  return {
    parse: (text) => {
      const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
      if (!(value >= lowest && value <= highest)) {
        throw new SettingError(`must be a whole number from ${lowest} to ${highest}`);
      }
      return value;
    },
  };
}

export function oneOf<const T extends string>(...values: readonly T[]): Parsed<T> {
  return {
    parse: (text) => {
      const value = values.find((candidate) => candidate === text);
      if (value === undefined) throw new SettingError(`must be one of: ${values.join(', ')}`);
      return value;
    },
  };
}

export const boolean: Parsed<boolean> = {
  parse: (text) => {
    if (text !== 'true' && text !== 'false') throw new SettingError('must be true or false');
    return text === 'true';
  },
};

/** Printable text without spaces around it, within a length in characters. */
export function text(shortest: number, longest: number): Parsed<string> {
  return {
    parse: (value) => {
      if (value.length < shortest || value.length > longest) {
        throw new SettingError(`must have ${shortest} to ${longest} characters`);
      }
      if (/\p{Cc}/u.test(value)) throw new SettingError('must not contain control characters');
      return value;
    },
  };
}

/** Where to listen: an IP address or a name of this machine. */
export const host: Parsed<string> = {
  parse: (value) => {
    if (/^\[.*\]$/.test(value))
      throw new SettingError('must be an address without brackets, such as :: or ::1');
    const isName = /^(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?$/.test(value) && value.length <= 253;
    // A name that is all digits and dots would be an address, and is none.
    if (isIP(value) === 0 && (!isName || /^[\d.]+$/.test(value))) {
      throw new SettingError('must be an IP address or a name of this machine, without a port');
    }
    return value;
  },
};

/** Text that must match a pattern; `rule` says so in words. */
export function matching(pattern: RegExp, rule: string): Parsed<string> {
  return {
    parse: (value) => {
      if (!pattern.test(value)) throw new SettingError(rule);
      return value;
    },
  };
}

/** Names separated by commas, at least one. */
export const list: Parsed<readonly string[]> = {
  parse: (value) => {
    const names = value.split(',').map((name) => name.trim());
    if (names.some((name) => name === '')) {
      throw new SettingError('must be one or more names separated by commas');
    }
    return Object.freeze(names);
  },
};

/** Keys of AES-256 in base64 (RFC 4648, section 4), separated by commas: the first one encrypts. */
export const encryptionKeys: Parsed<readonly Buffer[]> = {
  parse: (value) => {
    const texts = value.split(',').map((text) => text.trim());
    const keys = texts.map((text) => Buffer.from(text, 'base64'));
    const areKeys = keys.every((key, index) => key.length === 32 && key.toString('base64') === texts[index]);
    if (!areKeys) {
      throw new SettingError(
        'must be 32 random bytes in base64, as "openssl rand -base64 32" prints them; former keys may follow, after commas',
      );
    }
    return Object.freeze(keys);
  },
};

const PROXY_NAMES = ['loopback', 'linklocal', 'uniquelocal'];

/** Addresses of proxies, separated by commas: IP addresses, CIDR ranges, or names of ranges that are never public. */
export const proxies: Parsed<readonly string[]> = {
  parse: (value) => {
    const names = list.parse(value);
    if (!names.every((name) => PROXY_NAMES.includes(name) || isAddressRange(name))) {
      throw new SettingError(
        `must be IP addresses, CIDR ranges or ${PROXY_NAMES.join(', ')}, separated by commas: all proxies cannot be trusted`,
      );
    }
    return names;
  },
};

/** An IP address or a range. The prefix has at least one bit, because a range of all addresses trusts every client. */
function isAddressRange(text: string): boolean {
  const [, address = '', prefix] = /^([^/%]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
  return bits > 0 && (prefix === undefined || (Number(prefix) >= 1 && Number(prefix) <= bits));
}

/** An http or https address: no user, query or fragment. */
export const address: Parsed<URL> = {
  // Node's own class, which its clients want, made from a spelling that every Node reads alike.
  parse: (value) => {
    const { href } = asFault(() => parseAddress(value));
    // Node 20 and 22 know no characters of a newer Unicode than 15, and could not call such a host.
    if (!URL.canParse(href)) throw new SettingError('has a host that this release of Node cannot read');
    return new URL(href);
  },
};

/** The root URL of an instance, see {@link parseRootUrl}. */
export const rootUrl: Parsed<RootUrl> = { parse: (value) => asFault(() => parseRootUrl(value)) };

/** A path, made absolute from the working directory. */
export const path: Parsed<string> = {
  parse: (value) => {
    if (value === '' || value.includes('\0')) throw new SettingError('must be a path');
    if (/^(["']).*\1$/.test(value)) throw new SettingError('must be a path without quotes around it');
    return resolve(value);
  },
};

export const database: Parsed<DatabaseLocation> = {
  files: (value) => (value.startsWith('postgres') ? tlsFiles(parsePostgresAddress(value)) : []),
  parse: (value) => {
    if (value === 'pglite://memory') return { kind: 'memory' };
    if (value.startsWith('pglite://')) {
      return { kind: 'embedded', directory: path.parse(value.slice('pglite://'.length)) };
    }
    if (/^\s*postgres(ql)?:\/\/./.test(value)) {
      const address = parsePostgresAddress(value);
      return { kind: 'postgres', url: address.url, address };
    }
    throw new SettingError(
      'must be postgres://user:password@host:port/database, pglite://<directory> or pglite://memory',
    );
  },
};

function asFault<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RootUrlError) throw new SettingError(error.message.replace(/^The root URL /, ''));
    throw error;
  }
}

/** A secret that is made at random: too long to guess, and the same however it is written. */
export const longSecret = secret(
  optional(
    matching(/^[\x21-\x7e]{32,1024}$/, 'must have 32 to 1024 printable ASCII characters and no space'),
  ),
);
