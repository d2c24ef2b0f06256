/** A session of a user. */
export interface UserSession {
  /** As the product names it. */
  readonly session: string;
  /** When it was heard of last, Unix seconds. */
  readonly lastAt: number;
}

/**
 * The sessions that have to go so that no more are left than the license includes: the longest idle ones, and never
 * the calling one.
 *
 * @param sessions - of one user, the calling one among them
 * @param max - how many the license includes; 0 for any number
 * @param idleSeconds - a session that is silent for so long is over
 * @param now - Unix seconds
 */
export function surplusSessions(
  sessions: readonly UserSession[],
  calling: string,
  max: number,
  idleSeconds: number,
  now: number,
): string[] {
  if (max === 0) return [];
  const others = sessions
    .filter(({ session, lastAt }) => session !== calling && !isSessionOver(lastAt, idleSeconds, now))
    .sort((a, b) => a.lastAt - b.lastAt || (a.session < b.session ? -1 : 1));
  return others.slice(0, Math.max(0, others.length + 1 - max)).map(({ session }) => session);
}

/** Whether a session is over because it was silent for too long. */
export function isSessionOver(lastAt: number, idleSeconds: number, now: number): boolean {
  return lastAt <= now - idleSeconds;
}
