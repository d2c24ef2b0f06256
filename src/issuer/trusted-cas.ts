import tls, { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import {
  type CertificateFile,
  MAX_CERTIFICATE_BYTES,
  readCertificateFile,
} from '../config/certificate-file.js';
import { readNamedFile } from '../config/named-file.js';

/** Since Node 22.15: with `NODE_EXTRA_CA_CERTS`, and the system's where Node was told to use them. */
const { getCACertificates } = tls as unknown as { getCACertificates?: (type: 'default') => string[] };

/** Who may vouch for the issuer: those whom Node trusts, and those in the operator's file. */
export class TrustedCas {
  #current: CertificateFile | undefined;
  #context: SecureContext | undefined;
  /** The content that was parsed last: what did not change is not parsed again. */
  #seen: Buffer | undefined;
  /** Why that content cannot be used. */
  #seenFault: Error | undefined;
  #failed = false;

  /**
   * @param file - as it was read at the start; none: those whom Node trusts alone
   * @param warn - is told once when the file cannot be used any more
   */
  constructor(
    file: CertificateFile | undefined,
    private readonly warn: (error: unknown) => void,
    private readonly parse = readCertificateFile,
  ) {
    if (file !== undefined) this.#use(file);
  }

  /**
   * For a new connection: a file that changed counts at once, and one that cannot be used, or hangs, changes nothing.
   * Never rejects.
   */
  async context(): Promise<SecureContext | undefined> {
    if (this.#current === undefined) return undefined;
    const { path } = this.#current;
    try {
      const bytes = await readNamedFile(path, MAX_CERTIFICATE_BYTES);
      if (this.#seen?.equals(bytes) !== true) this.#take(path, bytes);
      if (this.#seenFault !== undefined) throw this.#seenFault;
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) this.warn(error);
      this.#failed = true;
    }
    return this.#context;
  }

  #take(path: string, bytes: Buffer): void {
    this.#seen = bytes;
    this.#seenFault = undefined;
    try {
      const read = this.parse(path, () => bytes);
      if (read.certificates.join() !== this.#current?.certificates.join()) this.#use(read);
    } catch (error) {
      this.#seenFault = error as Error;
    }
  }

  #use(file: CertificateFile): void {
    this.#current = file;
    const usual = getCACertificates?.('default') ?? rootCertificates;
    this.#context = createSecureContext({ ca: [...usual, ...file.certificates] });
  }
}
