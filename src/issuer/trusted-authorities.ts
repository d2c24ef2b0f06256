import tls, { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { type CertificateFile, readCertificateFile } from '../config/certificate-file.js';

/** Since Node 22.15: with `NODE_EXTRA_CA_CERTS`, and the system's where Node was told to use them. */
const { getCACertificates } = tls as unknown as { getCACertificates?: (type: 'default') => string[] };

/** Who may vouch for the issuer: those whom Node trusts, and those in the operator's file. */
export class TrustedAuthorities {
  #held: CertificateFile | undefined;
  #context: SecureContext | undefined;
  #failed = false;

  /**
   * @param file - as it was read at the start; none: those whom Node trusts alone
   * @param warn - is told once when the file cannot be read any more
   */
  constructor(
    file: CertificateFile | undefined,
    private readonly warn: (error: unknown) => void,
  ) {
    if (file !== undefined) this.#hold(file);
  }

  /** For a new connection: a file that changed counts at once, and one that became unreadable changes nothing. */
  context(): SecureContext | undefined {
    if (this.#held === undefined) return undefined;
    try {
      const read = readCertificateFile(this.#held.path);
      if (read.certificates.join() !== this.#held.certificates.join()) this.#hold(read);
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) this.warn(error);
      this.#failed = true;
    }
    return this.#context;
  }

  #hold(file: CertificateFile): void {
    this.#held = file;
    const usual = getCACertificates?.('default') ?? rootCertificates;
    this.#context = createSecureContext({ ca: [...usual, ...file.certificates] });
  }
}
