import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { path, type Setting, SettingFault } from './setting.js';

/** Certificates that are trusted, and the file that they came from. */
export interface CertificateFile {
  readonly path: string;
  /** PEM, one each. */
  readonly certificates: readonly string[];
}

const MOST_BYTES = 4 * 1024 * 1024;

const BLOCK =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/**
 * The certificates of a PEM file (RFC 7468); text around them does not count.
 * @throws SettingFault when it cannot be read, has none, or has one that is broken
 */
export function readCertificateFile(file: string): CertificateFile {
  let text;
  try {
    // Looked at first: a pipe has no end, and a bundle of every authority there is has a quarter of a MiB.
    const found = statSync(file);
    if (!found.isDirectory() && (!found.isFile() || found.size > MOST_BYTES)) {
      throw new SettingFault('names what is no file of at most 4 MiB');
    }
    text = readFileSync(file, 'latin1');
  } catch (error) {
    if (error instanceof SettingFault) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new SettingFault(`names a file that cannot be read: ${code}`);
  }
  const certificates = text.match(BLOCK) ?? [];
  if (certificates.length === 0) throw new SettingFault('names a file without a certificate (PEM)');
  if (!certificates.every(isCertificate))
    throw new SettingFault('names a file with a certificate that is broken');
  return Object.freeze({ path: file, certificates: Object.freeze(certificates) });
}

/** A path to a file of certificates, which is read at once. */
export const certificateFile: Pick<Setting<CertificateFile>, 'parse'> = {
  parse: (value) => readCertificateFile(path.parse(value)),
};

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
