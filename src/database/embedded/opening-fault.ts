/** A fault of a data directory that stays until an operator changes something. */
export type OpeningFault =
  | { readonly kind: 'other-engine' | 'damaged' | 'settings' }
  | { readonly kind: 'foreign-file'; readonly file: string };

const DAMAGED = { kind: 'damaged' } as const;
const SETTINGS = { kind: 'settings' } as const;
const foreign = (file: string) => ({ kind: 'foreign-file', file }) as const;

/** By what Postgres says; it has no SQLSTATE of its own for most of these. The first one that matches decides. */
const FAULTS: readonly (readonly [RegExp, OpeningFault])[] = [
  [/incompatible with server/, { kind: 'other-engine' }],
  [/standby mode is not supported by single-user servers/, foreign('standby.signal')],
  [/must specify "restore_command" when standby mode is not enabled/, foreign('recovery.signal')],
  [/could not restore file ".*" from archive/, foreign('recovery.signal')],
  [/using recovery command file "recovery\.conf" is not supported/, foreign('recovery.conf')],
  [/invalid data in file "backup_label"/, foreign('backup_label')],
  [/could not locate required checkpoint record/, foreign('backup_label')],
  [/configuration file ".*" contains errors/, SETTINGS],
  [/could not load \S*pg_hba\.conf/, SETTINGS],
  [/could not locate a valid checkpoint record/, DAMAGED],
  [/could not find redo location/, DAMAGED],
  [/WAL ends before (?:end of online backup|consistent recovery point)/, DAMAGED],
  [/incorrect checksum in control file/, DAMAGED],
  [/relation mapping file ".*" contains/, DAMAGED],
  [/could not open critical system index/, DAMAGED],
  [/invalid page in block/, DAMAGED],
  [/read (?:only )?\d+ of \d+(?: bytes)?|read too few bytes/, DAMAGED],
  [/could not open file "[^"]+": No such file or directory/i, DAMAGED],
];

/**
 * What a system says where the content of the files is not at fault: a full disk, a share that is away, limits, rights.
 * Postgres may give up with other words after it: `could not locate a valid checkpoint record` after an I/O error.
 */
const SYSTEM = new RegExp(
  `:\\s+(?:${[
    'No space left|Quota exceeded|File too large|No file descriptors|Too many open files|Out of memory',
    '(?:Remote )?I/O error|Input/output error|Stale file handle|Resource (?:busy|temporarily unavailable)',
    '(?:Operation|Connection) timed out|Host is|Network|No such device',
    'Permission denied|Operation not permitted|Read-only file system',
  ].join('|')})`,
  'i',
);

/**
 * Tells a fault of a data directory that waiting does not fix from one that passes.
 * @param said - the lines that Postgres wrote before it gave up
 * @returns undefined for a fault that passes, and for one that is not known
 */
export function openingFault(said: readonly string[]): OpeningFault | undefined {
  const text = said.join('\n');
  if (SYSTEM.test(text)) return undefined;
  return FAULTS.find(([words]) => words.test(text))?.[1];
}
