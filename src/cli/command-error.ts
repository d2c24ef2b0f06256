import type { Failure } from '#client';
import { type ExitCode, exitCodeOf } from './exit-code.js';

/** Ends a command: what is wrong, and what helps next. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';

  constructor(
    readonly exitCode: ExitCode,
    message: string,
    readonly next?: string,
  ) {
    super(message);
  }

  /** For `--json`. */
  get details(): object {
    return { message: this.message, next: this.next ?? null };
  }
}

/** The command that helps, where it says more than the sentence of the client. */
const NEXT_COMMANDS: Readonly<Partial<Record<Failure['code'], string>>> = {
  'auth.unauthorized': 'Run "licentia login", or set LICENTIA_TOKEN_FILE.',
  'api-key.invalid': 'Run "licentia login" with another token, or look at LICENTIA_TOKEN.',
  'api-key.expired': 'Make a new token ("licentia token create"), then run "licentia login".',
  'access.denied':
    'An administrator can run "licentia role add <account> <role>"; "licentia role list" shows which.',
  'license.not-found': 'Install a license: "licentia install <file>".',
  'license.stale': 'Keep it: the stored token is newer. "licentia show" has it.',
  'license.acknowledge-required': 'If that is what you want, repeat it with --acknowledge.',
  'license.not-active': 'Repeat it with --queue: the license then takes over when it starts.',
  'license.untrusted': 'Run "licentia inspect <file>", and compare ISSUER_ID and the keys of the issuer.',
  'license.subject-mismatch':
    'Run "licentia inspect <file>", and compare its "sub" with ROOT_URL of the service.',
  'issuer.refused': 'Run "licentia renewal" for the cause, and ask the issuer.',
  'issuer.unavailable': 'Run "licentia renewal" for the cause and the next attempt.',
  'issuer.bad-response': 'Run "licentia renewal" for the cause and the next attempt.',
  'instance.mismatch':
    'Name the root URL of the service with --instance; "licentia show" has the one of its license.',
  'client.bad-answer':
    'Look at --url, LICENTIA_URL and the profile: another program answers there, or a proxy. "licentia status" asks again.',
  'client.unreachable': 'Look at --url, LICENTIA_URL and the profile; "licentia serve" starts a service.',
};

/** A call that has no result. */
export class CallFailedError extends CommandError {
  override readonly name = 'CallFailedError';

  /** @param next - what helps, where that is not the same for every command */
  constructor(
    readonly failure: Failure,
    next?: string,
  ) {
    const { code, message, detail, changes, nextStep, requestId } = failure;
    const parts = [message, ...(detail === undefined || detail === message ? [] : [detail])];
    const losses = changes
      .filter(({ takesAway }) => takesAway)
      .map(
        ({ member, before, after }) =>
          `${member}: ${JSON.stringify(before)} becomes ${JSON.stringify(after)}.`,
      );
    const origin = requestId === undefined ? `(${code})` : `(${code}, request ${requestId})`;
    super(
      exitCodeOf(code),
      [...parts.map(sentence), ...losses, origin].join(' '),
      next ?? NEXT_COMMANDS[code] ?? nextStep,
    );
  }

  override get details(): object {
    return { ...this.failure, next: this.next ?? null };
  }
}

/** As the parts of a message follow each other. */
function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
