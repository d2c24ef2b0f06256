import { useCallback, useEffect, useReducer, useRef } from 'preact/hooks';
import type { Failure } from '#client';
import type { Moment } from './moments.js';

/** What a read came to. */
export type Read<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** What is known from repeated reads: a failure does not take away what was read before. */
export interface Polled<T> {
  readonly value: T | undefined;
  /** When that was read, Unix seconds by the reader's clock. */
  readonly readAt: Moment | undefined;
  /** Why the last read brought nothing. */
  readonly failure: Failure | undefined;
}

/** {@link Polled}, and a function that reads at once. */
export type PolledReads<T> = Polled<T> & { readonly reload: () => Promise<void> };

export const NOTHING_READ: Polled<never> = { value: undefined, readAt: undefined, failure: undefined };

/** @param now - when the read ended, Unix seconds */
export function afterRead<T>(known: Polled<T>, read: Read<T>, now: Moment): Polled<T> {
  if (read.ok) return { value: read.value, readAt: now, failure: undefined };
  return { ...known, failure: read.failure };
}

/** The reader's clock, Unix seconds. Only ages come from it: moments of the license come from the service. */
export function readerNow(): Moment {
  return Date.now() / 1_000;
}

/**
 * Reads now, and again and again while the page is visible. When it becomes visible again it reads at once.
 * @param read - must stay the same function while it reads the same thing
 */
export function usePolled<T>(read: () => Promise<Read<T>>, everyMs: number): PolledReads<T> {
  const [known, note] = useReducer<Polled<T>, Read<T>>(
    (before, one) => afterRead(before, one, readerNow()),
    NOTHING_READ,
  );
  const latest = useRef(0);
  const reload = useCallback(async () => {
    const turn = (latest.current += 1);
    const outcome = await read();
    // A slower, older answer must not replace a newer one.
    if (turn === latest.current) note(outcome);
  }, [read]);

  useEffect(() => {
    let timer: number | undefined;
    // A page that becomes visible begins a new chain of reads, and the one before it ends.
    let chain = 0;
    const next = async () => {
      const own = (chain += 1);
      clearTimeout(timer);
      if (document.hidden) return;
      await reload();
      if (own === chain && !document.hidden) timer = window.setTimeout(() => void next(), everyMs);
    };
    const onVisibility = () => void next();
    document.addEventListener('visibilitychange', onVisibility);
    void next();
    return () => {
      chain += 1;
      latest.current += 1;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisibility);
    };
  }, [reload, everyMs]);

  return { ...known, reload };
}

/** The reader's clock as state, so that ages on the page grow. */
export function useClock(everyMs: number): Moment {
  const [now, tick] = useReducer<Moment, undefined>(() => readerNow(), readerNow());
  useEffect(() => {
    const timer = window.setInterval(() => tick(undefined), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
