import { useEffect } from 'preact/hooks';
import { type PolledReads, type Read, usePolled } from '../polling.js';
import { useReader } from '../reader.js';
import { isSignedOut } from '../service.js';

/** {@link usePolled} for a caller who is signed in: where the session has ended, it leads to the sign-in. */
export function useReads<T>(read: () => Promise<Read<T>>, everyMs: number): PolledReads<T> {
  const { signedOut } = useReader();
  const polled = usePolled(read, everyMs);
  const isOut = polled.failure !== undefined && isSignedOut(polled.failure);
  useEffect(() => {
    if (isOut) signedOut();
  }, [isOut]);
  return polled;
}
