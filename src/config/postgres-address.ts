import { SettingError } from './setting-error.js';

/** How the connection to a PostgreSQL server is protected (docs/database.md has the table). */
export const TLS_MODES = ['disable', 'require', 'verify-ca', 'verify-full', 'no-verify'] as const;
export type TlsMode = (typeof TLS_MODES)[number];

/** Where a PostgreSQL server is, and what its address says of TLS. */
export interface PostgresAddress {
  /** For the driver: nothing of TLS, and nothing that it does not know, is in it. A secret. */
  readonly url: string;
  /** Undefined where the address says nothing. */
  readonly tlsMode: TlsMode | undefined;
  /** Files that the address names. */
  readonly rootCertificate: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
}

/** What the driver has to know of TLS. The members are those of Node's `tls.connect`. */
export interface PostgresTls {
  readonly rejectUnauthorized: boolean;
  /** These alone may vouch for the server; undefined for those whom Node trusts. PEM. */
  readonly ca?: string[];
  readonly cert?: string;
  readonly key?: string;
  readonly checkServerIdentity?: () => undefined;
}

const TLS_PARAMETERS = ['sslmode', 'ssl', 'sslrootcert', 'sslcert', 'sslkey'];
/** What the driver reads besides. */
const PARAMETERS = ['host', 'port', 'user', 'password', 'application_name', 'options', 'client_encoding'];

/**
 * Parameters of other clients that hosts put into their addresses. The service has rules of its own for all
 * of them.
 */
const LEFT_OUT = [
  'channel_binding',
  'connect_timeout',
  'gssencmode',
  'keepalives',
  'keepalives_count',
  'keepalives_idle',
  'keepalives_interval',
  'sslcompression',
  'sslnegotiation',
  'sslsni',
  'tcp_user_timeout',
];

const ONE_HOST = 'must name one host: where there are several, one that leads to the primary';
const FORM = 'must be postgres://user:password@host:port/database';
const ENCODING =
  'special characters of user and password must be percent-encoded: @ as %40, : as %3A, / as %2F, ? as %3F, # as %23, ' +
  '% as %25, [ as %5B, a space as %20';
/** What other clients know, so that its name is no part of a password. */
const REMEDIES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      'statement_timeout',
      'lock_timeout',
      'idle_in_transaction_session_timeout',
      'query_timeout',
      'fallback_application_name',
      'pgbouncer',
      'connection_limit',
      'pool_timeout',
      'load_balance_hosts',
      'passfile',
      'sslcrl',
      'sslpassword',
      'requirepeer',
      'require_auth',
    ].map((name) => [name, 'leave it out']),
  ),
  schema: "leave it out, and set the role's search_path (ALTER ROLE … SET search_path = …)",
  target_session_attrs: 'leave it out, and name a host that leads to the primary',
};

/**
 * Reads `postgres://…`: what the driver would take for something else, or silently leave out, is a fault.
 * @throws SettingError which repeats nothing of the text but names of parameters
 */
export function parsePostgresAddress(text: string): PostgresAddress {
  if (text.trim() !== text) throw new SettingError('must not have a space at its beginning or end');
  const [, authority = ''] = /^postgres(?:ql)?:\/\/([^/?#]*)/.exec(text) ?? [];
  const hosts = authority.slice(authority.lastIndexOf('@') + 1);
  if (hosts.includes(',')) {
    throw new SettingError(ONE_HOST);
  }
  // The driver reads an address without a host too, for a socket in `host`; the platform's parser does not.
  const hostless = hosts === '';
  const whole = hostless ? text.replace(/^([a-z]+:\/\/[^/?#]*)/, '$1localhost') : text;
  if (!URL.canParse(whole)) throw new SettingError(`${FORM}; ${ENCODING}`);
  const url = new URL(whole);
  const { searchParams: parameters } = url;
  const looksCut = [url.pathname, url.search, url.hash].some((part) => part.includes('@')) || url.hash !== '';
  if (looksCut || authority.split('@').length > 2 || !isDecodable(text) || /\s/.test(text)) {
    throw new SettingError(`cannot be read: ${ENCODING}`);
  }
  assertKnown([...parameters.keys()]);
  // A directory of a socket may have a comma in its name.
  const named = parameters.get('host') ?? '';
  if (parameters.get('port')?.includes(',') || (named.includes(',') && !named.startsWith('/'))) {
    throw new SettingError(ONE_HOST);
  }
  if (hostless && !parameters.has('host')) {
    throw new SettingError(`${FORM}, or postgres://user@/database?host=/directory for a socket`);
  }
  const result = {
    tlsMode: tlsModeOf(parameters.get('sslmode'), parameters.get('ssl')),
    rootCertificate: parameters.get('sslrootcert') ?? undefined,
    certificate: parameters.get('sslcert') ?? undefined,
    key: parameters.get('sslkey') ?? undefined,
  };
  return { ...result, url: forDriver(text) };
}

/** The files that an address names for TLS. */
export function tlsFiles({ rootCertificate, certificate, key }: PostgresAddress): string[] {
  return [rootCertificate === 'system' ? undefined : rootCertificate, certificate, key].filter(
    (file) => file !== undefined,
  );
}

function assertKnown(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined && [...PARAMETERS, ...TLS_PARAMETERS].includes(twice)) {
    throw new SettingError(`has the parameter ${twice} twice`);
  }
  const strange = names.find((name) => ![...PARAMETERS, ...TLS_PARAMETERS, ...LEFT_OUT].includes(name));
  if (strange === undefined) return;
  // Anything may be behind a question mark that was meant to be a part of the password.
  const remedy = REMEDIES[strange];
  throw new SettingError(
    remedy === undefined
      ? `has a parameter that is not known; known are ${[...PARAMETERS, ...TLS_PARAMETERS].join(', ')}`
      : `has the parameter ${strange}, which is not known: ${remedy}`,
  );
}

function tlsModeOf(sslmode: string | null, ssl: string | null): TlsMode | undefined {
  if (sslmode !== null && ssl !== null) throw new SettingError('has ssl and sslmode: keep sslmode');
  if (ssl !== null) {
    if (/^(true|1)$/.test(ssl)) return 'verify-full';
    if (/^(false|0)$/.test(ssl)) return 'disable';
    throw new SettingError('must have true or false as ssl');
  }
  if (sslmode === null) return undefined;
  if (/^(allow|prefer)$/.test(sslmode)) {
    throw new SettingError(
      'must not have allow or prefer as sslmode, which protect nothing: take verify-full, or disable',
    );
  }
  const mode = TLS_MODES.find((known) => known === sslmode);
  if (mode === undefined)
    throw new SettingError(`must have one of these as sslmode: ${TLS_MODES.join(', ')}`);
  return mode;
}

/** As text: a parser would write the rest in another way. */
function forDriver(text: string): string {
  const [base = '', query] = text.split('?');
  const kept = query
    ?.split('&')
    .filter((pair) => PARAMETERS.includes(decodeURIComponent(pair.split('=')[0] ?? '')));
  return kept === undefined || kept.length === 0 ? base : `${base}?${kept.join('&')}`;
}

/** Whether every percent sign begins an escape: the driver decodes user, password and database. */
function isDecodable(url: string): boolean {
  try {
    return decodeURIComponent(url) !== '';
  } catch {
    return false;
  }
}
