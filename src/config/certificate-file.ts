import { X509Certificate } from 'node:crypto';
import { NamedFileError, readNamedFile, readNamedFileSync } from './named-file.js';
import { path, type Setting, SettingError } from './setting.js';

/** Certificates that are trusted, and the file that they came from. */
export interface CertificateFile {
  readonly path: string;
  /** PEM, one each. */
  readonly certificates: readonly string[];
}

/** Four times a bundle of every authority there is; parsing this takes a tenth of a second. Bytes. */
export const MAX_CERTIFICATE_BYTES = 1024 * 1024;

const BLOCK =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/**
 * The certificates of a PEM file (RFC 7468); text around them does not count.
 * @param read - where its content comes from when it was read already
 * @throws SettingError when it cannot be read, has none, or has one that is broken
 */
export function readCertificateFile(
  file: string,
  read: (file: string, maxBytes: number) => Buffer = readNamedFileSync,
): CertificateFile {
  let bytes;
  try {
    bytes = read(file, MAX_CERTIFICATE_BYTES);
  } catch (error) {
    if (!(error instanceof NamedFileError)) throw error;
    throw new SettingError(`names a file that cannot be used: ${error.message}`);
  }
  const certificates = bytes.toString('latin1').match(BLOCK) ?? [];
  if (certificates.length === 0) throw new SettingError('names a file without a certificate (PEM)');
  if (!certificates.every(isCertificate))
    throw new SettingError('names a file with a certificate that is broken');
  return Object.freeze({ path: file, certificates: Object.freeze(certificates) });
}

/** The same while the process runs. @throws SettingError */
export async function readCertificateFileAgain(file: string): Promise<CertificateFile> {
  const content = await readNamedFile(file, MAX_CERTIFICATE_BYTES).then(
    (bytes) => () => bytes,
    (error: Error) => () => {
      throw error;
    },
  );
  return readCertificateFile(file, content);
}

/** A path to a file of certificates, which is read at once. */
export const certificateFile: Pick<Setting<CertificateFile>, 'parse' | 'files'> = {
  files: (value) => [path.parse(value)],
  parse: (value) => readCertificateFile(path.parse(value)),
};

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
