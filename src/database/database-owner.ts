/** A program that has tables of its own. */
export type ProgramName = 'service' | 'issuer';

/** The names of the issuer's migrations begin so, and no others. */
const ISSUERS = 'Authority';

/** What each program's list of migrations begins with: it is in every database of that program. */
const FIRST: Readonly<Record<ProgramName, string>> = {
  service: 'Initial1764000000000',
  issuer: 'AuthorityInitial1764000000000',
};

/** Whose a migration is, by its name: one of a newer release too. */
export function programOf(migration: string): ProgramName {
  return migration.startsWith(ISSUERS) ? 'issuer' : 'service';
}

/**
 * Whose a list of migrations is, where that is not the program that asks.
 *
 * @param known - the names of the migrations of the program that asks
 * @param recorded - the names that the database has
 * @returns undefined where it is the program's own, both programs', or of no known owner
 */
export function otherOwner(known: readonly string[], recorded: readonly string[]): ProgramName | undefined {
  const own = programOf(known[0] ?? '');
  const other = own === 'issuer' ? 'service' : 'issuer';
  if (!recorded.includes(FIRST[other])) return undefined;
  return recorded.some((name) => known.includes(name) || programOf(name) === own) ? undefined : other;
}

/** What is wrong where a database is the other program's, and what to do. */
export function othersDatabase(owner: ProgramName, schema: string): string {
  const own = owner === 'issuer' ? 'service' : 'issuer';
  return (
    `This database is the ${owner}'s (its migrations are in the schema "${schema}") and not the ${own}'s: ` +
    `set DATABASE_URL to the ${own}'s database, or to a new one of its own (docs/database.md).`
  );
}
