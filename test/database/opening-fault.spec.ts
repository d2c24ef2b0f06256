import { openingFailure } from '../../src/database/embedded/opening-failure.js';
import { openingFault } from '../../src/database/embedded/opening-fault.js';

const NO_CHECKPOINT = 'PANIC:  could not locate a valid checkpoint record at 0/16F3C20';
const CONFIG_ERRORS = 'FATAL:  configuration file "/pglite/data/postgresql.conf" contains errors';

describe('What Postgres says before it does not open a directory', () => {
  it.each<[string, string[]]>([
    ['damaged', ['LOG:  invalid checkpoint record', NO_CHECKPOINT]],
    [
      'damaged',
      ['LOG:  could not read from WAL segment 01, LSN 0/1, offset 0: read 0 of 8192', NO_CHECKPOINT],
    ],
    ['damaged', ['FATAL:  WAL ends before end of online backup']],
    ['damaged', ['FATAL:  incorrect checksum in control file']],
    ['damaged', ['PANIC:  could not read file "global/pg_control": read 0 of 296']],
    ['damaged', ['FATAL:  relation mapping file "global/pg_filenode.map" contains invalid data']],
    ['damaged', ['FATAL:  could not open file "base/5/1259": No such file or directory']],
    ['damaged', ['FATAL:  invalid page in block 0 of relation "base/5/1259"']],
    ['damaged', ['PANIC:  could not open critical system index 2662']],
    ['damaged', ['could not read blocks 0..0 in file "global/1260": read only 0 of 8192 bytes']],
    [
      'damaged',
      [
        'FATAL:  could not access status of transaction 753',
        'DETAIL:  Could not open file "pg_xact/0000": No such file or directory.',
      ],
    ],
    ['backup_label', ['FATAL:  invalid data in file "backup_label"']],
    ['backup_label', ['FATAL:  could not locate required checkpoint record at 0/2000060']],
    ['standby.signal', ['FATAL:  standby mode is not supported by single-user servers']],
    ['recovery.signal', ['FATAL:  must specify "restore_command" when standby mode is not enabled']],
    ['recovery.signal', ['FATAL:  could not restore file "00000002.history" from archive: child process …']],
    ['recovery.conf', ['FATAL:  using recovery command file "recovery.conf" is not supported']],
    ['settings', ['LOG:  syntax error in file "/pglite/data/postgresql.conf" line 891', CONFIG_ERRORS]],
    ['settings', ['FATAL:  configuration file "postgresql.auto.conf" contains errors']],
    [
      'settings',
      ['LOG:  could not open configuration file "/pglite/data/x": No such file or directory', CONFIG_ERRORS],
    ],
    ['settings', ['FATAL:  could not load /pglite/data/pg_hba.conf']],
    ['other-engine', ['FATAL:  database files are incompatible with server']],
    // What waiting may fix, also where Postgres gives up with other words.
    ['passes', ['FATAL:  could not write to file "pg_wal/xlogtemp.42": No space left on device']],
    ['passes', ['FATAL:  could not open file "base/5/1259": I/O error']],
    ['passes', ['LOG:  could not read from WAL segment 01, LSN 0/1, offset 0: I/O error', NO_CHECKPOINT]],
    ['passes', ['LOG:  could not open file "pg_wal/01": Stale file handle', NO_CHECKPOINT]],
    ['passes', ['LOG:  could not open file "x": No file descriptors available', CONFIG_ERRORS]],
    [
      'passes',
      [
        'FATAL:  could not access status of transaction 753',
        'DETAIL:  Could not read from file "pg_xact/0000" at offset 0: I/O error.',
      ],
    ],
    ['passes', ['FATAL:  out of memory']],
    ['passes', ['FATAL:  could not open file "base/5/1259": Permission denied']],
    ['passes', ['FATAL:  lock file "postmaster.pid" already exists']],
    ['passes', ['FATAL:  words of a later Postgres']],
    ['passes', ['memory access out of bounds']],
    ['passes', []],
  ])('%s: %j', (expected, said) => {
    const fault = openingFault(said);
    expect(fault?.kind === 'foreign-file' ? fault.file : (fault?.kind ?? 'passes')).toBe(expected);
  });

  it('is told without its time, its hints, and a path that is none outside', () => {
    const said =
      '2026-11-29 19:36:09 UTC [42] FATAL:  could not access /pglite/data; DETAIL:  read 0 of 8.; HINT:  Touch it.';
    expect(openingFailure('/db', new Error(`Postgres stopped: ${said}`), [said]).message).toBe(
      '/db/pgdata is damaged: could not access /db/pgdata: read 0 of 8. Restore the directory from a backup (docs/operations.md).',
    );
  });
});
