/** The roles that a user can have, the one with most rights first. */
export const USER_ROLES = ['admin', 'editor', 'viewer'] as const;

export type UserRole = (typeof USER_ROLES)[number];

/** What a subject counts as: the role of a user, or an anonymous device. */
export const SUBJECT_ROLES = [...USER_ROLES, 'device'] as const;

export type SubjectRole = (typeof SUBJECT_ROLES)[number];

export const SUBJECT_KINDS = ['user', 'device'] as const;

export type SubjectKind = (typeof SUBJECT_KINDS)[number];

export const MAX_SUBJECT_BYTES = 256;

/** Why a text can name no subject, or undefined where it can: it finishes a sentence that begins with its name. */
export function subjectFault(subject: unknown): string | undefined {
  if (typeof subject !== 'string') return 'must be a string';
  if (subject === '') return 'must not be empty';
  if (/\p{Surrogate}/u.test(subject)) return 'must not contain half of a surrogate pair';
  if (/\p{Cc}/u.test(subject)) return 'must not contain control characters';
  if (Buffer.byteLength(subject) > MAX_SUBJECT_BYTES)
    return `must have at most ${MAX_SUBJECT_BYTES} bytes of UTF-8`;
  return undefined;
}

/** What a subject counts as: a device has no role, and a user is a viewer unless a subject says more. */
export function roleOf(kind: SubjectKind = 'user', role: UserRole = 'viewer'): SubjectRole {
  return kind === 'device' ? 'device' : role;
}
