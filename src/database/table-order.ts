import type { QueryRunner } from 'typeorm';

/** Those of the tables that exist, what is referred to before what refers to it. */
export async function tablesInOrder(runner: QueryRunner, tables: readonly string[]): Promise<string[]> {
  const found = (await runner.query(
    `SELECT wanted.name, ARRAY(
       SELECT other.relname::text FROM pg_constraint JOIN pg_class other ON other.oid = confrelid
       WHERE conrelid = to_regclass(quote_ident(wanted.name)) AND contype = 'f' AND confrelid <> conrelid
     ) AS needs
     FROM unnest($1::text[]) AS wanted (name) WHERE to_regclass(quote_ident(wanted.name)) IS NOT NULL ORDER BY 1`,
    [tables],
  )) as { name: string; needs: string[] }[];
  const ordered: string[] = [];
  while (ordered.length < found.length) {
    const ready = found.filter(
      ({ name, needs }) => !ordered.includes(name) && needs.every((need) => ordered.includes(need)),
    );
    if (ready.length === 0) throw new Error('the tables refer to each other in a circle');
    ordered.push(...ready.map(({ name }) => name));
  }
  return ordered;
}
