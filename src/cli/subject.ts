import type { Api } from '#client';
import { CommandError } from './command-error.js';
import { ExitCode } from './exit-code.js';
import { type Cell, time } from './report.js';

/** Which of the users and devices is meant. */
export interface SubjectOptions {
  readonly kind?: string;
  readonly role?: string;
}

export const KIND = ['--kind <kind>', 'user or device (default: user)'] as const;
export const ROLE = ['--role <role>', 'admin, editor or viewer (default: viewer)'] as const;

export function subjectOf(name: string | undefined, { kind }: SubjectOptions): Api.SubjectRequest {
  if (kind !== undefined && kind !== 'user' && kind !== 'device')
    throw new CommandError(ExitCode.Usage, '--kind must be user or device.');
  return { subject: name as string, ...(kind !== undefined && { kind }) };
}

export function userRole({ role }: SubjectOptions): { role?: Api.UserRole } {
  if (role === undefined) return {};
  const known = (['admin', 'editor', 'viewer'] as const).find((one) => one === role);
  if (known === undefined) throw new CommandError(ExitCode.Usage, '--role must be admin, editor or viewer.');
  return { role: known };
}

export function momentOf(key: string, value: Cell): Cell {
  return ['until', 'leftAt', 'freesAt'].includes(key) ? time(value as number | null) : value;
}
