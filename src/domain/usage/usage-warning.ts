import { percentOf, type SeatCount } from './seat-count.js';

/** How full the seats are, and which level of warning that has reached. */
export interface UsageWarning {
  /** The highest level that is reached, per cent; undefined below the lowest. */
  readonly level: number | undefined;
  /** What is fullest. */
  readonly of: 'license' | 'own-limit' | undefined;
  /** How full that is; undefined where nothing has a limit. */
  readonly percent: number | undefined;
}

/**
 * Warns by what is fullest: a limit of the license, or the operator's own.
 *
 * @param ownLimit - the operator's; undefined for none
 * @param levels - per cent, in any order
 */
export function warningOf(
  { used, pools }: Pick<SeatCount, 'used' | 'pools'>,
  ownLimit: number | undefined,
  levels: readonly number[],
): UsageWarning {
  const limits = [
    ...pools.map((pool) => ({ of: 'license' as const, ...pool })),
    { of: 'own-limit' as const, used, limit: ownLimit },
  ];
  const [fullest] = limits
    // Seats that there are not, and nobody uses, are nothing to warn of.
    .flatMap(({ of, used, limit }) =>
      limit === undefined || used + limit === 0 ? [] : [{ of, percent: percentOf(used, limit) }],
    )
    .sort((a, b) => b.percent - a.percent);
  if (fullest === undefined) return { level: undefined, of: undefined, percent: undefined };
  const reached = levels.filter((level) => level <= fullest.percent);
  return { ...fullest, level: reached.length === 0 ? undefined : Math.max(...reached) };
}
