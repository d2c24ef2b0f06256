import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Service, Session } from './service.js';

/** What every view may use: the API, who is signed in, and how the reader wants times. */
export interface Reader {
  readonly service: Service;
  readonly session: Session;
  readonly isUtc: boolean;
  /** Whether the caller holds an action. The API decides all the same: this only hides what it would refuse. */
  readonly may: (action: string) => boolean;
  /** To be called when the service answers 401: the page asks to sign in again. */
  readonly signedOut: () => void;
}

const ReaderContext = createContext<Reader | undefined>(undefined);
export const ReaderProvider = ReaderContext.Provider;

/** @throws Error outside of what is shown to a caller who is signed in */
export function useReader(): Reader {
  const reader = useContext(ReaderContext);
  if (reader === undefined) throw new Error('this part of the page needs a caller who is signed in');
  return reader;
}

/** The zone in which times are shown; undefined is that of the reader. */
export function useZone(): string | undefined {
  return useContext(ReaderContext)?.isUtc === true ? 'UTC' : undefined;
}
