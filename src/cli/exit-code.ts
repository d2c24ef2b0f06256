import type { FailureCode } from '#client';

/** How a command ends. `--json` and `--quiet` change nothing about it. */
export const ExitCode = {
  /** Yes, or done. */
  Done: 0,
  /** A completed no: the check is false, a token is refused, something else is there already. */
  No: 1,
  /** It could not tell: the network, the service or the credentials. */
  Unknown: 2,
  /** The command line makes no sense (EX_USAGE of sysexits.h). */
  Usage: 64,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** What the service has looked at and answered no to. Another code says nothing about the matter itself. */
const COMPLETED: ReadonlySet<FailureCode> = new Set<FailureCode>([
  'license.invalid',
  'license.untrusted',
  'license.not-active',
  'license.subject-mismatch',
  'license.expired',
  'license.stale',
  'license.acknowledge-required',
  'license.changed',
  'license.not-found',
  'instance.mismatch',
  'issuer.refused',
  'access.last-administrator',
  'role.name-taken',
  'role.uid-taken',
  'role.version-conflict',
  'role.in-use',
  'role.limit-reached',
  'provisioning.faulty',
  'service-account.name-taken',
  'service-account.token-name-taken',
  'service-account.limit-reached',
  'service-account.token-limit-reached',
  'not-found',
]);

export function exitCodeOf(code: FailureCode): ExitCode {
  if (code === 'bad-request') return ExitCode.Usage;
  return COMPLETED.has(code) ? ExitCode.No : ExitCode.Unknown;
}
