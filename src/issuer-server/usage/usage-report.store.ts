import { Injectable } from '@nestjs/common';
import { type EntityManager, LessThan } from 'typeorm';
import type { ActiveCounts } from '../../domain/usage/seat-count.js';
import type { IssuerReport, ReportedDay } from '../../domain/usage/issuer-report.js';
import { DisputedDayEntity } from './disputed-day.entity.js';
import { ReportedDayEntity } from './reported-day.entity.js';
import { ReportedUsageEntity } from './reported-usage.entity.js';

/** The last counts are written so often at most, seconds: a caller in a loop writes nothing. */
const MIN_SECONDS = 60;
/** The other numbers of a disputed day are replaced so often at most, seconds, for the same reason. */
const MIN_DISPUTE_SECONDS = 3_600;

/** The columns that two versions of a day are compared by. */
const NUMBERS = [
  ...['used', 'seat_limit', 'peak', 'denials', 'active_admins_and_editors', 'active_viewers'],
  ...['active_users', 'active_anonymous_devices'],
];
const numbersOf = (row: string) => NUMBERS.map((name) => `${row}.${name}`).join(', ');
const IS_OLD = `disputed.reported_at NOT BETWEEN $3::timestamptz - $4::int * interval '1 s' AND $3::timestamptz`;
/** What is not to be written is not locked either: a caller in a loop only reads. */
const DISPUTE = `
  INSERT INTO disputed_day AS disputed (lid, day, disputed_at, reported_at, ${NUMBERS.join(', ')})
  SELECT $1, other.day, $3::timestamptz, $3::timestamptz, ${numbersOf('other')}
  FROM (
    SELECT DISTINCT ON (day) version.*
    FROM jsonb_to_recordset($2::jsonb)
      AS version (age int, day int, ${NUMBERS.map((name) => `${name} bigint`).join(', ')})
    JOIN reported_day AS kept USING (day)
    WHERE kept.lid = $1 AND (${numbersOf('version')}) IS DISTINCT FROM (${numbersOf('kept')})
    ORDER BY day, age
  ) AS other
  LEFT JOIN disputed_day AS disputed ON disputed.lid = $1 AND disputed.day = other.day
  WHERE disputed.day IS NULL
    OR (${IS_OLD} AND (${numbersOf('other')}) IS DISTINCT FROM (${numbersOf('disputed')}))
  ORDER BY other.day
  ON CONFLICT (lid, day) DO UPDATE SET reported_at = EXCLUDED.reported_at,
    ${NUMBERS.map((name) => `${name} = EXCLUDED.${name}`).join(', ')}
  WHERE ${IS_OLD}
  RETURNING day, disputed_at = reported_at AS is_new`;

/** What the instance of a license reported. */
export interface LicenseUse {
  readonly counts: ReportedUsageEntity;
  /** The newest first. */
  readonly days: readonly ReportedDayEntity[];
  /** By day, those that were reported again with other numbers. */
  readonly disputes: ReadonlyMap<number, DisputedDayEntity>;
}

/** What the instances report, by license. */
@Injectable()
export class UsageReportStore {
  /** Keeps what is new of these days: a day that is there stays as it is. */
  async addDays(manager: EntityManager, lid: string, days: readonly ReportedDay[], at: Date): Promise<void> {
    if (days.length === 0) return;
    await manager
      .createQueryBuilder()
      .insert()
      .into(ReportedDayEntity)
      .values(
        days.map(({ day, used, limit, peak, denials, ...active }) => ({
          ...{ lid, day, reportedAt: at, used, limit, peak, denials },
          ...countsOf(active),
        })),
      )
      .orIgnore()
      .execute();
  }

  /**
   * Compares what was reported of days with what is kept of them. Of a day with other numbers it keeps the newest ones,
   * unless others came within the hour before. Days are written in rising order: no deadlock of two replicas.
   * @param versions - the newest of a day before its older ones
   * @returns the days that were not disputed until now, rising
   */
  async dispute(
    manager: EntityManager,
    lid: string,
    versions: readonly ReportedDay[],
    at: Date,
  ): Promise<readonly number[]> {
    if (versions.length === 0) return [];
    const rows = versions.map(({ limit, ...version }, age) => ({ ...version, seat_limit: limit, age }));
    const disputed = await manager.query<{ day: number; is_new: boolean }[]>(DISPUTE, [
      ...[lid, JSON.stringify(rows), at, MIN_DISPUTE_SECONDS],
    ]);
    return disputed
      .filter((row) => row.is_new)
      .map(({ day }) => day)
      .sort((a, b) => a - b);
  }

  /** The present counts of a license, unless others came just before. */
  async setCounts(
    manager: EntityManager,
    lid: string,
    { counts, head }: Pick<IssuerReport, 'counts' | 'head'>,
    at: Date,
  ): Promise<void> {
    const { adminsAndEditors, viewers, users, devices } = countsOf(counts);
    await manager.query(
      `INSERT INTO reported_usage AS stored (lid, reported_at, active_admins_and_editors, active_viewers,
         active_users, active_anonymous_devices, head_day, head_hash)
       VALUES ($1, $2::timestamptz, $3, $4, $5, $6, $7, $8)
       ON CONFLICT (lid) DO UPDATE SET reported_at = EXCLUDED.reported_at,
         active_admins_and_editors = EXCLUDED.active_admins_and_editors, active_viewers = EXCLUDED.active_viewers,
         active_users = EXCLUDED.active_users, active_anonymous_devices = EXCLUDED.active_anonymous_devices,
         head_day = EXCLUDED.head_day, head_hash = EXCLUDED.head_hash
       WHERE stored.reported_at NOT BETWEEN $2::timestamptz - $9::int * interval '1 s' AND $2::timestamptz
         OR stored.head_day IS DISTINCT FROM EXCLUDED.head_day`,
      [
        ...[lid, at, adminsAndEditors, viewers, users, devices],
        ...[head?.day ?? null, head?.hash ?? null, MIN_SECONDS],
      ],
    );
  }

  /** Which days of a license are kept. */
  async keptDays(manager: EntityManager, lid: string): Promise<ReadonlySet<number>> {
    const rows = await manager.find(ReportedDayEntity, { select: { day: true }, where: { lid } });
    return new Set(rows.map(({ day }) => day));
  }

  /** Forgets the days of a license before one. */
  async prune(manager: EntityManager, lid: string, day: number): Promise<void> {
    await manager.delete(ReportedDayEntity, { lid, day: LessThan(day) });
  }

  /**
   * What was reported of each license, the newest day first.
   * @param most - the last so many days of each
   * @param lid - of this license alone
   */
  async uses(manager: EntityManager, most: number, lid?: string): Promise<Map<string, LicenseUse>> {
    const where = lid === undefined ? {} : { where: { lid } };
    const counts = await manager.find(ReportedUsageEntity, where);
    const days = await manager
      .createQueryBuilder(ReportedDayEntity, 'reported')
      .where(
        `reported.day > :most * -1 + (SELECT max(day) FROM reported_day AS newest WHERE newest.lid = reported.lid)`,
        { most },
      )
      .andWhere(':lid::text IS NULL OR reported.lid = :lid', { lid: lid ?? null })
      .orderBy('reported.lid')
      .addOrderBy('reported.day', 'DESC')
      .getMany();
    const uses = new Map(
      counts.map((one) => [
        one.lid,
        {
          counts: one,
          days: [] as ReportedDayEntity[],
          disputes: new Map<number, DisputedDayEntity>(),
        },
      ]),
    );
    for (const day of days) uses.get(day.lid)?.days.push(day);
    for (const one of await manager.find(DisputedDayEntity, where))
      uses.get(one.lid)?.disputes.set(one.day, one);
    return uses;
  }
}

function countsOf(counts: ActiveCounts) {
  return {
    adminsAndEditors: counts.active_admins_and_editors,
    viewers: counts.active_viewers,
    users: counts.active_users,
    devices: counts.active_anonymous_devices,
  };
}
