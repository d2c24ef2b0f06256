import { integer, longSecret, withDefault } from './setting.js';

/** What can be set about the audit log. */
export const AUDIT_SETTINGS = {
  AUDIT_SIGNING_KEY: longSecret,
  AUDIT_RETENTION_DAYS: withDefault(integer(1, 36_500), '730'),
};

export interface AuditConfig {
  /** What signs seals; undefined for a key of the database's. */
  readonly signingKey: string | undefined;
  /** Older records are deleted, days. */
  readonly retentionDays: number;
}

export function auditConfig(values: {
  readonly AUDIT_SIGNING_KEY: string | undefined;
  readonly AUDIT_RETENTION_DAYS: number;
}): AuditConfig {
  return { signingKey: values.AUDIT_SIGNING_KEY, retentionDays: values.AUDIT_RETENTION_DAYS };
}
