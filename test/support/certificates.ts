import {
  createPrivateKey,
  createSign,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate and its private key, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate says of itself; the rest is good for a server on this machine. */
export interface CertificateTerms {
  /** DNS names and IP addresses. */
  readonly names?: readonly string[];
  /** Days from now, negative in the past. */
  readonly from?: number;
  readonly to?: number;
  /** What it may be used for: `server`, `client`, or `authority` for one that may issue others. */
  readonly usage?: 'server' | 'client' | 'authority';
}

const DAY_MS = 86_400_000;
const LOCAL = ['localhost', '127.0.0.1'];
const USAGES = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' };

/**
 * A certificate authority of the tests' own (RFC 5280), made in this process: Node has no way to make certificates, and
 * a program for it may not be there.
 */
export class CertificateAuthority implements Certificate {
  readonly cert: string;
  readonly key: string;
  readonly #privateKey: KeyObject;

  readonly #name: string;

  /** @param kept - one that was made before and goes on */
  constructor(kept?: Certificate) {
    if (kept !== undefined) {
      this.#privateKey = createPrivateKey(kept.key);
      this.#name = new X509Certificate(kept.cert).subject.replace(/^CN=/, '');
      this.key = kept.key;
      this.cert = kept.cert;
      return;
    }
    const { privateKey, publicKey } = pair();
    this.#privateKey = privateKey;
    this.#name = `Test authority ${randomBytes(4).toString('hex')}`;
    this.key = pemOf(privateKey);
    this.cert = certificate(
      this.#name,
      publicKey,
      { usage: 'authority' },
      { name: this.#name, key: privateKey },
    );
  }

  /** A certificate by this authority. */
  issue(terms: CertificateTerms = {}): Certificate {
    const { privateKey, publicKey } = pair();
    const issuer = { name: this.#name, key: this.#privateKey };
    return { key: pemOf(privateKey), cert: certificate('server', publicKey, terms, issuer) };
  }
}

/** A certificate that only itself vouches for. */
export function selfSigned(terms: CertificateTerms = {}): Certificate {
  const { privateKey, publicKey } = pair();
  const name = 'self-signed';
  return { key: pemOf(privateKey), cert: certificate(name, publicKey, terms, { name, key: privateKey }) };
}

function pair() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}

function certificate(
  subject: string,
  publicKey: KeyObject,
  { names = LOCAL, from = -1, to = 30, usage = 'server' }: CertificateTerms,
  issuer: { readonly name: string; readonly key: KeyObject },
): string {
  const now = Date.now();
  const algorithm = sequence(oid('1.2.840.10045.4.3.2'));
  const toBeSigned = sequence(
    tagged(0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
    algorithm,
    commonName(issuer.name),
    sequence(time(now + from * DAY_MS), time(now + to * DAY_MS)),
    commonName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(...extensions(usage, names))),
  );
  const signature = createSign('sha256').update(toBeSigned).sign(issuer.key);
  const der = sequence(toBeSigned, algorithm, bits(signature));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function extensions(usage: 'server' | 'client' | 'authority', names: readonly string[]): Buffer[] {
  if (usage === 'authority') {
    return [
      extension('2.5.29.19', sequence(TRUE), true),
      extension('2.5.29.15', node(3, Buffer.of(1, 6)), true),
    ];
  }
  return [
    extension('2.5.29.37', sequence(oid(USAGES[usage]))),
    extension('2.5.29.17', sequence(...names.map(alternativeName))),
  ];
}

function alternativeName(name: string): Buffer {
  return isIP(name) === 4
    ? node(0x87, Buffer.from(name.split('.').map(Number)))
    : node(0x82, Buffer.from(name, 'latin1'));
}

// What is needed of DER (X.690).
const TRUE = node(1, Buffer.of(0xff));

function node(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return node(0x30, ...parts);
}

function tagged(number: number, content: Buffer): Buffer {
  return node(0xa0 + number, content);
}

function integer(bytes: Buffer): Buffer {
  return node(2, bytes);
}

function bits(bytes: Buffer): Buffer {
  return node(3, Buffer.of(0), bytes);
}

function commonName(name: string): Buffer {
  return sequence(node(0x31, sequence(oid('2.5.4.3'), node(0x0c, Buffer.from(name)))));
}

function time(unixMilliseconds: number): Buffer {
  const digits = new Date(unixMilliseconds).toISOString().replace(/[-:T]|\..*$/g, '');
  return node(0x17, Buffer.from(`${digits.slice(2)}Z`));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [TRUE] : []), node(4, value));
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return node(6, Buffer.from(bytes));
}
