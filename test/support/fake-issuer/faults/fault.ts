import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Certificate, CertificateAuthority } from '../../certificates.js';
import type { Overrides, TestKey } from '../../tokens.js';

/** A request that the issuer got. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What an issuer does with a request: sends a status, headers and a body, or takes the answer into its own hands. */
export type Answer = AnswerData | ((request: ReceivedRequest, response: ServerResponse) => void);

export interface AnswerData {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | object;
  /** Milliseconds to wait before the answer. */
  readonly delay?: number;
}

/** What a fault has to work with. */
export interface Situation {
  /** Where the issuer is. */
  readonly url: string;
  readonly key: TestKey;
  readonly publishedKeys: readonly TestKey[];
  /** The token that is to be renewed, and what it claims; empty where the request shows none. */
  readonly shown: string;
  readonly claims: Overrides;
  /** Claims of the token that would be the answer. */
  readonly next: Overrides;
  /** A token that would verify if it were not for these. */
  readonly sign: (claims: Overrides, key?: TestKey) => string;
  /** A statement that this license is revoked, which would verify if it were not for these. */
  readonly statement: (claims?: Overrides, key?: TestKey) => string;
}

/** What a connection that has just been accepted can be done to. */
export interface ConnectionSituation {
  readonly socket: Socket;
  readonly authority: CertificateAuthority;
  /** Goes on with TLS under this certificate. */
  readonly secure: (certificate: Certificate, options?: Readonly<Record<string, unknown>>) => void;
}

/** How a service has to answer a renewal that met the fault, and what it has to report. */
export interface Expectation {
  readonly status: number;
  readonly messageId: string;
  readonly cause: string;
}

interface Named {
  /** Unique; a sentence about the issuer without its subject. */
  readonly name: string;
  readonly expected: Expectation;
  /** Only where it is told: it is too disruptive, or too slow, to come by chance. */
  readonly never?: 'at random';
}

/** Something that an issuer does wrong. */
export type Fault = Named & { readonly family: string } & (
    | { readonly hits: 'renewal'; readonly answer: (situation: Situation) => Answer }
    /** The key set's address; it shows when a renewed token names a key that the service does not have. */
    | { readonly hits: 'keys'; readonly answer: (situation: Situation) => Answer }
    /** Before TLS: only an issuer with TLS can have it. */
    | { readonly hits: 'connection'; readonly accept: (situation: ConnectionSituation) => void }
  );

const expectation = (status: number, messageId: string, cause: string): Expectation => ({
  status,
  messageId,
  cause,
});

export const REFUSED = expectation(502, 'issuer.refused', 'refused');
export const PAUSED = expectation(503, 'issuer.unavailable', 'refused');
export const UNUSABLE = expectation(502, 'issuer.bad-response', 'bad-answer');
export const FORGED = expectation(502, 'issuer.bad-response', 'bad-signature');
export const MISTIMED = expectation(502, 'issuer.bad-response', 'clock');
export const CUT = expectation(503, 'issuer.unavailable', 'connect');
export const LATE = expectation(504, 'issuer.timeout', 'timeout');
export const UNTRUSTED = expectation(503, 'issuer.unavailable', 'tls');

/** A fault by its name: what is answered, always or by the situation. */
export type Row = readonly [name: string, answer: AnswerData | ((situation: Situation) => Answer)];

/** Faults of one family, which are answered alike. */
export function faults(
  family: string,
  expected: Expectation,
  rows: readonly Row[],
  more: { readonly hits?: 'renewal' | 'keys'; readonly never?: 'at random' } = {},
): Fault[] {
  return rows.map(([name, answer]) => ({
    name,
    family,
    hits: 'renewal',
    expected,
    answer: typeof answer === 'function' ? answer : () => answer,
    ...more,
  }));
}
