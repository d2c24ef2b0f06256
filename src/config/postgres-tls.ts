import { type CertificateFile, MAX_CERTIFICATE_BYTES, readCertificateFile } from './certificate-file.js';
import { NamedFileError, readNamedFileSync } from './named-file.js';
import type { PostgresAddress, PostgresTls } from './postgres-address.js';
import type { DatabaseLocation } from './setting.js';
import { SettingError } from './setting-error.js';

/** Reads a file that a setting names. @throws NamedFileError */
type ReadFile = (file: string, maxBytes: number) => Buffer;

/**
 * TLS of a database's address together with the authorities of `DATABASE_CA_PATH`, which alone turn it on.
 * @param readFile - where the content of files comes from
 * @returns `false` for none by the address's own word, undefined where nothing is said
 * @throws SettingError; its message goes on after `DATABASE_URL`
 */
export function postgresTls(
  address: PostgresAddress,
  trustedCas?: CertificateFile,
  readFile: ReadFile = readNamedFileSync,
): PostgresTls | false | undefined {
  const { tlsMode, rootCertificate, certificate, key } = address;
  const files = [trustedCas, rootCertificate, certificate, key].some((file) => file !== undefined);
  if (rootCertificate !== undefined && trustedCas !== undefined) {
    throw new SettingError('has sslrootcert, and DATABASE_CA_PATH is set too: keep DATABASE_CA_PATH');
  }
  if ((certificate === undefined) !== (key === undefined)) {
    throw new SettingError('must have sslcert and sslkey together');
  }
  const mode = tlsMode ?? (files ? 'verify-full' : 'disable');
  if (mode === 'disable') {
    if (files) throw new SettingError('has no TLS, as sslmode is disable, and certificates are named');
    return tlsMode === undefined ? undefined : false;
  }
  const ca = trustedCas?.certificates ?? rootOf(rootCertificate, readFile);
  if (mode === 'verify-ca' && ca === undefined) {
    throw new SettingError(
      'has verify-ca as sslmode, which needs authorities of your own: set DATABASE_CA_PATH, or take verify-full',
    );
  }
  return Object.freeze({
    rejectUnauthorized: mode !== 'no-verify',
    ...(ca === undefined ? {} : { ca: [...ca] }),
    ...(certificate === undefined || key === undefined ? {} : readPair(certificate, key, readFile)),
    ...(mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
  });
}

/** A database's location with TLS. @throws SettingError as {@link postgresTls} */
export function withTls(
  location: DatabaseLocation,
  trustedCas: CertificateFile | undefined,
): DatabaseLocation {
  if (location.kind === 'postgres') {
    const { address, ...rest } = location;
    if (address === undefined) return location;
    const tls = postgresTls(address, trustedCas);
    return { ...rest, address, trustedCasPath: trustedCas?.path, tls };
  }
  if (trustedCas !== undefined)
    throw new SettingError('is an embedded database, which has no use for DATABASE_CA_PATH');
  return location;
}

function rootOf(file: string | undefined, readFile: ReadFile): readonly string[] | undefined {
  // As PostgreSQL's own library has it: those whom the system trusts.
  if (file === undefined || file === 'system') return undefined;
  try {
    return readCertificateFile(file, readFile).certificates;
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    throw new SettingError(`has an sslrootcert that ${error.message}`);
  }
}

/** @throws SettingError, which names both where both cannot be used */
function readPair(certificate: string, key: string, readFile: ReadFile): { cert: string; key: string } {
  const faults: string[] = [];
  const contentOf = (name: string, file: string) => {
    try {
      return readFile(file, MAX_CERTIFICATE_BYTES).toString('latin1');
    } catch (error) {
      if (!(error instanceof NamedFileError)) throw error;
      faults.push(`has an ${name} that cannot be used: ${error.message}`);
      return '';
    }
  };
  const pair = { cert: contentOf('sslcert', certificate), key: contentOf('sslkey', key) };
  if (faults.length > 0) throw new SettingError(faults.join('; and '));
  return pair;
}
