import type { EntityManager } from 'typeorm';

/** Remembers a token that is about to be deleted, if it does not work now. */
export async function retireToken(manager: EntityManager, id: string): Promise<void> {
  await retire(manager, 'token.id = $1', id);
}

/** Remembers those tokens of an account that do not work now, as they are about to be deleted with it. */
export async function retireTokensOf(manager: EntityManager, account: number): Promise<void> {
  await retire(manager, 'account.id = $1', account);
}

/** @returns those of the hashes whose tokens were revoked, or of a disabled account, when they were deleted */
export async function retiredAmong(
  manager: EntityManager,
  hashes: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await manager.query<{ hash: string }[]>(
    'SELECT hash FROM retired_token WHERE hash = ANY ($1)',
    [hashes],
  );
  return new Set(rows.map(({ hash }) => hash));
}

async function retire(manager: EntityManager, which: string, id: string | number): Promise<void> {
  await manager.query(
    `INSERT INTO retired_token (hash, retired_at)
     SELECT token.hash, now()
     FROM service_account_token AS token JOIN service_account AS account ON account.id = token.service_account_id
     WHERE ${which} AND (token.is_revoked OR account.is_disabled)
     ON CONFLICT DO NOTHING`,
    [id],
  );
}
