import { randomInt } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { lock } from '../../database/advisory-lock.js';
import type { SubjectGroup } from '../../domain/usage/seat-count.js';
import type { SubjectRole } from '../../domain/usage/subject.js';
import type { SubjectRecord } from '../../domain/usage/subject-record.js';

/** No window looks further back, days. */
const LONGEST_WINDOW = 31;
const SHARDS = 4;
/** So many are looked at in one transaction, so it is short. */
const LOOKED_AT_ONCE = 5_000;

/** A subject that a transaction creates or changes. */
export interface SubjectChange {
  readonly subject: string;
  /** As it is stored, and locked by the transaction; undefined for a new one. */
  readonly before: SubjectRecord | undefined;
  /** Undefined for one that is removed. */
  readonly after: SubjectRecord | undefined;
}

/** The same, for one that stays. */
export interface SubjectUpdate extends SubjectChange {
  readonly after: SubjectRecord;
}

interface Row {
  readonly subject: string;
  readonly role: SubjectRole;
  readonly first_day: number;
  readonly last_day: number;
  readonly role_at: string;
  readonly freed_at: string | null;
}

const COLUMNS = 'subject, role, first_day, last_day, role_at, freed_at';
const GROUPED = 'FROM usage_count WHERE day >= $1 GROUP BY role, day HAVING sum(subjects) <> 0';

/** The subjects and their counts, which change in one transaction. */
@Injectable()
export class UsageSubjectStore {
  /**
   * Waits for the admissions of other replicas that take a seat; until the end of the transaction. What is read
   * afterwards has their result.
   */
  async lockAdmissions(manager: EntityManager): Promise<void> {
    await lock(manager, 'admission');
  }

  /** Every subject that can count on a day or later, grouped. */
  async groups(manager: EntityManager, day: number): Promise<SubjectGroup[]> {
    const rows = await manager.query<{ role: SubjectRole; day: number; subjects: string }[]>(
      `SELECT role, day, sum(subjects) AS subjects ${GROUPED}`,
      [day - LONGEST_WINDOW],
    );
    return rows.map(({ role, day: lastDay, subjects }) => ({ role, lastDay, subjects: Number(subjects) }));
  }

  /** Some subjects, and the groups of all, as they are at one moment. */
  async readWithGroups(
    manager: EntityManager,
    subjects: readonly string[],
    day: number,
  ): Promise<{ known: Map<string, SubjectRecord>; groups: SubjectGroup[] }> {
    const rows = await manager.query<(Row & { subjects: string | null })[]>(
      `SELECT ${COLUMNS}, NULL AS subjects FROM usage_subject WHERE subject = ANY($2::text[])
       UNION ALL SELECT NULL, role, NULL, day, NULL, NULL, sum(subjects) ${GROUPED}`,
      [day - LONGEST_WINDOW, subjects],
    );
    return {
      known: new Map(
        rows.flatMap((row) => (row.subjects === null ? [[row.subject, recordOf(row)] as const] : [])),
      ),
      groups: rows.flatMap(({ role, last_day: lastDay, subjects: count }) =>
        count === null ? [] : [{ role, lastDay, subjects: Number(count) }],
      ),
    };
  }

  async read(manager: EntityManager, subjects: readonly string[]): Promise<Map<string, SubjectRecord>> {
    return this.#load(manager, subjects, '');
  }

  /** The same, locked until the end of the transaction. Always in one order: no deadlock. */
  async lock(manager: EntityManager, subjects: readonly string[]): Promise<Map<string, SubjectRecord>> {
    return this.#load(manager, subjects, 'ORDER BY subject FOR UPDATE');
  }

  /**
   * Looks at some in the order of their hashes, and deletes those of them that were seen last before a day. What one
   * call looks at is bounded, as a statement that reads a large table for a few old rows can take longer than it may.
   * @param after - the last one of the call before
   * @returns the last one that it looked at; undefined where there are no more
   */
  async prune(manager: EntityManager, day: number, after: string): Promise<string | undefined> {
    const [row] = await manager.query<{ looked: string; last: string | null }[]>(
      `WITH looked AS MATERIALIZED (
         SELECT subject, last_day FROM usage_subject WHERE subject > $3 ORDER BY subject LIMIT $2
       ), old AS (
         DELETE FROM usage_subject WHERE subject = ANY (ARRAY(
           SELECT subject FROM usage_subject
           WHERE subject = ANY (ARRAY(SELECT subject FROM looked WHERE last_day < $1)) AND last_day < $1
           FOR UPDATE SKIP LOCKED))
       )
       SELECT count(*) AS looked, max(subject) AS last FROM looked`,
      [day, LOOKED_AT_ONCE, after],
    );
    return Number(row?.looked) === LOOKED_AT_ONCE ? (row?.last ?? undefined) : undefined;
  }

  /** Deletes counts of days that no window reaches, when no subject was seen last then any more. */
  async pruneCounts(manager: EntityManager, day: number): Promise<void> {
    await manager.query('DELETE FROM usage_count WHERE day < $1', [day]);
  }

  /** Those after a subject in the order of their hashes. */
  async page(manager: EntityManager, after: string, limit: number): Promise<[string, SubjectRecord][]> {
    const rows = await manager.query<Row[]>(
      `SELECT ${COLUMNS} FROM usage_subject WHERE subject > $1 ORDER BY subject LIMIT $2`,
      [after, limit],
    );
    return rows.map((row) => [row.subject, recordOf(row)]);
  }

  /** Removes one that is locked, from the counts too. */
  async remove(manager: EntityManager, subject: string, before: SubjectRecord): Promise<void> {
    await manager.query('DELETE FROM usage_subject WHERE subject = $1', [subject]);
    await this.count(manager, [{ subject, before, after: undefined }]);
  }

  /** Stores changes of subjects that are locked. Comes after everything else that can wait. */
  async update(manager: EntityManager, changes: readonly SubjectUpdate[]): Promise<void> {
    if (changes.length === 0) return;
    await manager.query(
      `UPDATE usage_subject AS stored
       SET role = next.role, first_day = next.first_day, last_day = next.last_day,
         role_at = next.role_at, freed_at = next.freed_at
       FROM ${UNNESTED} WHERE stored.subject = next.subject`,
      parametersOf(changes),
    );
  }

  /** Stores new subjects. @returns those that were new; another transaction was first with the others */
  async insert(manager: EntityManager, changes: readonly SubjectUpdate[]): Promise<Set<string>> {
    if (changes.length === 0) return new Set();
    const rows = await manager.query<{ subject: string }[]>(
      `INSERT INTO usage_subject (${COLUMNS}) SELECT ${COLUMNS} FROM ${UNNESTED} ORDER BY subject
       ON CONFLICT (subject) DO NOTHING RETURNING subject`,
      parametersOf(changes),
    );
    return new Set(rows.map(({ subject }) => subject));
  }

  /**
   * Stores new subjects and counts them, in one statement. Where another transaction was first with some, none is
   * counted: their rows have to be locked before the counts are.
   * @returns those that were new
   */
  async insertAndCount(manager: EntityManager, changes: readonly SubjectUpdate[]): Promise<Set<string>> {
    const rows = await manager.query<{ subject: string }[]>(
      `WITH added AS (
         INSERT INTO usage_subject (${COLUMNS}) SELECT ${COLUMNS} FROM ${UNNESTED} ORDER BY subject
         ON CONFLICT (subject) DO NOTHING RETURNING subject, role, last_day
       ), counted AS (
         INSERT INTO usage_count AS stored (day, role, shard, subjects)
         SELECT last_day, role, $7, count(*) FROM added
         WHERE (SELECT count(*) FROM added) = cardinality($1::text[])
         GROUP BY last_day, role ORDER BY last_day, role
         ON CONFLICT (day, role, shard) DO UPDATE SET subjects = stored.subjects + EXCLUDED.subjects
       )
       SELECT subject FROM added`,
      [...parametersOf(changes), randomInt(SHARDS)],
    );
    return new Set(rows.map(({ subject }) => subject));
  }

  /**
   * Brings the counts up to date with stored changes. The last statement of a transaction: until its end others
   * that change the same counts wait.
   */
  async count(manager: EntityManager, changes: readonly SubjectChange[]): Promise<void> {
    const sums = new Map<string, { role: SubjectRole; day: number; subjects: number }>();
    const add = (record: SubjectRecord | undefined, subjects: number) => {
      if (record === undefined || record.freedAt !== undefined) return;
      const { role, lastDay: day } = record;
      const key = `${role} ${day}`;
      sums.set(key, { role, day, subjects: (sums.get(key)?.subjects ?? 0) + subjects });
    };
    for (const { before, after } of changes) {
      add(before, -1);
      add(after, 1);
    }
    const changed = [...sums.values()].filter(({ subjects }) => subjects !== 0);
    if (changed.length === 0) return;
    await manager.query(
      `INSERT INTO usage_count AS stored (day, role, shard, subjects)
       SELECT day, role, $4, subjects FROM unnest($1::int[], $2::text[], $3::bigint[]) AS change (day, role, subjects)
       ORDER BY day, role
       ON CONFLICT (day, role, shard) DO UPDATE SET subjects = stored.subjects + EXCLUDED.subjects`,
      [
        changed.map(({ day }) => day),
        changed.map(({ role }) => role),
        changed.map(({ subjects }) => subjects),
        randomInt(SHARDS),
      ],
    );
  }

  async #load(
    manager: EntityManager,
    subjects: readonly string[],
    suffix: string,
  ): Promise<Map<string, SubjectRecord>> {
    if (subjects.length === 0) return new Map();
    const rows = await manager.query<Row[]>(
      `SELECT ${COLUMNS} FROM usage_subject WHERE subject = ANY($1::text[]) ${suffix}`,
      [subjects],
    );
    return new Map(rows.map((row) => [row.subject, recordOf(row)]));
  }
}

const UNNESTED = `unnest($1::text[], $2::text[], $3::int[], $4::int[], $5::bigint[], $6::bigint[])
  AS next (${COLUMNS})`;

function parametersOf(changes: readonly SubjectUpdate[]): unknown[] {
  return [
    changes.map(({ subject }) => subject),
    changes.map(({ after }) => after.role),
    changes.map(({ after }) => after.firstDay),
    changes.map(({ after }) => after.lastDay),
    changes.map(({ after }) => after.roleAt),
    changes.map(({ after }) => after.freedAt ?? null),
  ];
}

function recordOf({ role, first_day, last_day, role_at, freed_at }: Row): SubjectRecord {
  return {
    role,
    firstDay: first_day,
    lastDay: last_day,
    roleAt: Number(role_at),
    freedAt: freed_at === null ? undefined : Number(freed_at),
  };
}
