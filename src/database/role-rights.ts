import type { EntityManager } from 'typeorm';
import { unreadableIdentities } from './identities.js';

/** What the role of the connection may do. */
export interface RoleRights {
  readonly role: string;
  readonly isSuperuser: boolean;
  /** Whether it may add tables, as a migration does. */
  readonly mayMigrate: boolean;
  /** Tables of ours that it may not read and write, and that the list of migrations is none of. */
  readonly lacking: readonly string[];
  /** Numbered columns whose sequence it may not read, as `table.column`. */
  readonly unreadable: readonly string[];
}

/** Asks inside of a transaction of `Database.read`: its search path is that of our tables. */
export async function rightsOf(manager: EntityManager): Promise<RoleRights> {
  const tables = manager.connection.entityMetadatas.map(({ tableName }) => tableName);
  const [row] = await manager.query<
    { role: string; is_superuser: boolean; may_migrate: boolean; lacking: string[] }[]
  >(
    `SELECT current_user::text AS role,
       pg_catalog.current_setting('is_superuser') = 'on' AS is_superuser,
       COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_migrate,
       ARRAY(
         SELECT name FROM unnest($1::text[]) AS name
         WHERE to_regclass(name) IS NOT NULL AND NOT (
           has_table_privilege(to_regclass(name), 'SELECT') AND has_table_privilege(to_regclass(name), 'INSERT')
           AND has_table_privilege(to_regclass(name), 'UPDATE') AND has_table_privilege(to_regclass(name), 'DELETE')
         ) ORDER BY name
       )::text[] AS lacking`,
    [tables],
  );
  if (row === undefined) throw new Error('the database did not say which role this is');
  return {
    role: row.role,
    isSuperuser: row.is_superuser,
    mayMigrate: row.may_migrate,
    lacking: row.lacking,
    unreadable: await unreadableIdentities(manager, tables),
  };
}
