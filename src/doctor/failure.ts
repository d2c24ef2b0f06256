import { findPermanentFault } from '../database/permanent-fault.js';
import { ServiceError } from '../domain/service-error.js';
import { type FailureClass, IssuerCallError } from '../issuer/issuer-call-error.js';
import { explainFailure, isFinal } from '../start-failure.js';
import type { Cause, Finding, Verdicts } from './finding.js';

/** Where to look first, by what was at fault on the way to the issuer. */
export const REMEDIES: Readonly<Record<FailureClass, string>> = {
  dns: 'Correct the name in ISSUER_URL, or the name server of this machine.',
  connect: 'Look whether the issuer runs, and whether a firewall lets this machine reach its port.',
  tls: 'Name the authority of its certificate in ISSUER_CA_PATH, or have the issuer renew its certificate.',
  proxy: 'Correct ISSUER_PROXY_URL, or have the proxy let the service reach the issuer.',
  timeout: 'Look whether a firewall drops the connection, or raise ISSUER_TIMEOUT_MS.',
  refused: 'Ask the issuer: it has refused.',
  'bad-answer': 'Correct ISSUER_URL, ISSUER_RENEW_URL and ISSUER_JWKS_URL: what answers there is no issuer.',
  'bad-signature': 'Compare ISSUER_ID and the key set with the issuer: it signs with another key.',
  clock: 'Set the clock of this machine by a time server, or that of the issuer.',
  paused: 'Wait until the pause is over, then look again.',
  configuration: 'Set ISSUER_URL to the issuer (docs/configuration.md).',
};

/** Where the message itself says what to do. */
const MORE = 'docs/operations.md and docs/database.md say more.';

/** A line for what went wrong, in the words and classes of the service. */
export function failed(to: Verdicts, check: string, error: unknown, cause?: Cause): Finding {
  if (error instanceof IssuerCallError) {
    const { failureClass, message, detail, cause: inner } = error;
    const reasons = [message, detail, inner instanceof Error ? inner.message : undefined];
    const said = reasons.filter((one) => one !== undefined).map((one) => one.replace(/\.$/, ''));
    return to.fail(check, sentence(said.join(': ')), {
      cause: failureClass,
      next: REMEDIES[failureClass],
    });
  }
  const code = error instanceof ServiceError ? error.code : undefined;
  const known = cause ?? findPermanentFault(error)?.reason ?? code ?? null;
  // The stack of a fault of this program is for its log; a line has its message.
  const text =
    isFinal(error) || code !== undefined ? explainFailure(error) : String((error as Error).message);
  const next =
    known === 'unreachable' ? 'Look whether the server runs, and whether DATABASE_URL names it.' : MORE;
  return to.fail(check, sentence(text), { cause: known, next });
}

/** One line, with one full stop at its end. */
export function sentence(text: string): string {
  return `${text.replace(/\s+/g, ' ').trim().replace(/[.:]$/, '')}.`;
}
