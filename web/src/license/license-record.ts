import type { Api, Client } from '#client';
import type { Read } from '../polling.js';

/** What the database of the service holds, and what the check answers of it. */
export interface LicenseRecord {
  readonly history: Api.History;
  readonly token: Api.Token;
  readonly explanation: Api.Explanation;
}

export async function readLicenseRecord(api: Client): Promise<Read<LicenseRecord>> {
  const [history, token, explanation] = await Promise.all([
    api.GET('/api/licensing/token/history'),
    api.GET('/api/licensing/token'),
    api.GET('/api/licensing/check/explain'),
  ]);
  if (!history.ok) return history;
  if (!token.ok) return token;
  if (!explanation.ok) return explanation;
  return {
    ok: true,
    value: { history: history.value, token: token.value, explanation: explanation.value },
  };
}

/** Whether the database holds something that a removal takes away. */
export function isRemovable({ current, previous, queued }: Api.History): boolean {
  return current !== null || previous !== null || queued !== null;
}
