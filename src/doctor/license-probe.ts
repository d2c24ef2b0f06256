import type { INestApplicationContext } from '@nestjs/common';
import { isoTime, systemClock, toSeconds } from '../domain/clock.js';
import { LicenseStatus } from '../domain/license/license.js';
import type { ErrorCode } from '../domain/service-error.js';
import { IssuerCallError } from '../issuer/issuer-call-error.js';
import { IssuerKeys } from '../issuer/issuer-keys.js';
import { LicenseExplainer } from '../licensing/explain/license-explainer.js';
import type { ExplanationResponse } from '../licensing/explain/explanation.response.js';
import { RenewalReporter } from '../licensing/renewal/renewal-reporter.js';
import { LicenseSources } from '../licensing/sources/license-sources.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { failed, sentence } from './failure.js';
import { type Finding, findingsOf } from './finding.js';
import type { Probes } from './probe.js';

const LICENSE = findingsOf('license');
const READ_MS = 15_000;
const DAY_SECONDS = 86_400;

export type Explained = Pick<ExplanationResponse, 'answer' | 'status' | 'reason' | 'warnings' | 'nextChange'>;
export interface Rehearsed {
  readonly outcome: 'ready' | 'not-due' | 'unsupported';
  readonly message: string;
}

/** What the service said over HTTP, or why nothing came of it. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';

  /** @param code - undefined where the service has said nothing of the license */
  constructor(
    message: string,
    readonly code: ErrorCode | undefined,
  ) {
    super(message);
  }
}

/** Who says what there is to say of the license: the service's own classes, or the service over HTTP. */
export interface LicenseWitness {
  explain(): Promise<Explained>;
  rehearse(): Promise<Rehearsed>;
}

/** The classes of the service, in this process, on a database that is open. */
export function ownWitness(nest: INestApplicationContext): LicenseWitness {
  const get = <T>(type: new (...args: never[]) => T): T => nest.get<T>(type, { strict: false });
  return {
    async explain() {
      await get(IssuerKeys).start();
      await get(LicenseSources).start();
      await get(SnapshotService).refresh();
      return get(LicenseExplainer).explain();
    },
    rehearse: () => get(RenewalReporter).rehearse(),
  };
}

/** Looks at the license, and whether the issuer would renew it. */
export async function examineLicense(
  witness: LicenseWitness,
  timeoutMs: number,
  canRenew: boolean,
  probes: Probes,
): Promise<readonly Finding[]> {
  const told = await probes.look('license', 'expiry', READ_MS, () => witness.explain(), faultOf('expiry'));
  if (told.value === undefined) return told.faults;
  const expiry = expiryFinding(told.value);
  const hasLicense = told.value.status !== LicenseStatus.NotFound;
  if (!hasLicense || !canRenew) return [expiry];
  const deadline = timeoutMs + READ_MS;
  const asked = await probes.look(
    'license',
    'rehearsal',
    deadline,
    () => witness.rehearse(),
    faultOf('rehearsal'),
  );
  return [expiry, ...(asked.value === undefined ? asked.faults : [rehearsalFinding(asked.value)])];
}

function faultOf(check: string): (error: unknown) => Finding {
  return (error) => {
    if (error instanceof RemoteError && error.code === undefined)
      return LICENSE.unseen(check, sentence(error.message), {
        next: 'Name the service with --url, and a token that may read its license.',
      });
    const finding = failed(LICENSE, check, error, error instanceof RemoteError ? error.code : undefined);
    if (error instanceof IssuerCallError) return finding;
    return { ...finding, next: 'Run "licentia explain" and "licentia renewal" for more.' };
  };
}

function expiryFinding({ answer, status, reason, warnings, nextChange }: Explained): Finding {
  if (status === LicenseStatus.NotFound)
    return LICENSE.warn('expiry', 'There is no license.', {
      next: 'Install one: "licentia install <file>".',
    });
  if (answer !== true)
    return LICENSE.fail('expiry', reason, {
      next: 'Run "licentia explain" for the rule, and "licentia renew" or "install".',
    });
  const until = nextChange !== null && nextChange.answer !== true ? nextChange.at : undefined;
  if (until === undefined) return LICENSE.ok('expiry', 'The license is valid.');
  const days = Math.floor((until - toSeconds(systemClock.now())) / DAY_SECONDS);
  const message = `The license is valid until ${isoTime(until)}, ${days} days.`;
  return warnings.length === 0
    ? LICENSE.ok('expiry', message)
    : LICENSE.warn('expiry', message, {
        next: 'Run "licentia renew"; "licentia renewal" shows why it has not happened.',
      });
}

function rehearsalFinding({ outcome, message }: Rehearsed): Finding {
  return outcome === 'unsupported' ? LICENSE.unseen('rehearsal', message) : LICENSE.ok('rehearsal', message);
}
