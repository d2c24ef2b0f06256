import { DAY } from '../clock.js';
import { ServiceError } from '../service-error.js';
import { isJsonObject, type JsonValue } from '../token/strict-json.js';
import {
  roleOf,
  SUBJECT_KINDS,
  type SubjectKind,
  type SubjectRole,
  subjectFault,
  USER_ROLES,
  type UserRole,
} from './subject.js';

/** A subject was seen. */
export interface UsageEvent {
  readonly subject: string;
  readonly kind: SubjectKind;
  readonly role: SubjectRole;
  /** Unix seconds. */
  readonly at: number;
}

export const MAX_EVENTS = 1000;
/** How far back and ahead a report may lie, seconds. */
export const MAX_EVENT_AGE = 35 * DAY;
export const MAX_EVENT_LEAD = 60;

const MEMBERS = ['subject', 'kind', 'role', 'at'];

/**
 * Reads the events of a request: all of them, or none.
 *
 * @param now - Unix seconds
 * @throws ServiceError `bad-request`, which names the first event that is wrong by its index
 */
export function readEvents(events: unknown, now: number): UsageEvent[] {
  if (!Array.isArray(events)) throw refuse('events must be an array');
  if (events.length === 0 || events.length > MAX_EVENTS)
    throw refuse(`events must have 1 to ${MAX_EVENTS} events`);
  return events.map((event: JsonValue, index) => {
    const fault = eventFault(event, now);
    if (fault !== undefined) throw refuse(`events[${index}]${fault}`);
    const {
      subject,
      kind,
      role,
      at = now,
    } = event as unknown as Partial<UsageEvent> & {
      subject: string;
      role?: UserRole;
    };
    return { subject, kind: kind ?? 'user', role: roleOf(kind, role), at };
  });
}

/** What is wrong with one event: the end of a sentence that begins with its index. */
function eventFault(event: JsonValue, now: number): string | undefined {
  if (!isJsonObject(event)) return ' must be an object';
  const strange = Object.keys(event).find((name) => !MEMBERS.includes(name));
  if (strange !== undefined) return ' has a member that is not known';
  const { subject, kind, role, at } = event;
  const fault = subjectFault(subject);
  if (fault !== undefined) return `.subject ${fault}`;
  if (kind !== undefined && !isOneOf(SUBJECT_KINDS, kind))
    return `.kind must be one of ${SUBJECT_KINDS.join(', ')}`;
  if (role !== undefined && !isOneOf(USER_ROLES, role))
    return `.role must be one of ${USER_ROLES.join(', ')}`;
  if (at === undefined) return undefined;
  if (!Number.isSafeInteger(at)) return '.at must be a whole number of Unix seconds';
  if (Number(at) < now - MAX_EVENT_AGE) return '.at must be at most 35 days back';
  if (Number(at) > now + MAX_EVENT_LEAD) return `.at must be at most ${MAX_EVENT_LEAD} seconds ahead`;
  return undefined;
}

function isOneOf(values: readonly string[], value: JsonValue): boolean {
  return typeof value === 'string' && values.includes(value);
}

function refuse(detail: string): ServiceError {
  return new ServiceError('bad-request', undefined, { detail });
}
