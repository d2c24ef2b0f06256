import { useEffect, useRef, useState } from 'preact/hooks';
import type { Failure } from '#client';
import type { Read } from '../polling.js';
import { useReader } from '../reader.js';
import { isSignedOut } from '../service.js';
import { TEXTS } from '../texts.js';

/** A call that the reader of the page asked for. */
export interface Call<T> {
  readonly isUnderWay: boolean;
  /** Of the last call; undefined while the next one is under way. */
  readonly value: T | undefined;
  readonly failure: Failure | undefined;
  /** @returns what came of it. A call that is under way already is not repeated: undefined */
  readonly run: (call: () => Promise<Read<T>>) => Promise<Read<T> | undefined>;
  readonly clear: () => void;
}

/** One call at a time, with what came of it. A 401 leads to the sign-in. */
export function useCall<T>(): Call<T> {
  const { signedOut } = useReader();
  const [outcome, note] = useState<Read<T>>();
  const [isUnderWay, setUnderWay] = useState(false);
  const busy = useRef(false);
  const gone = useRef(false);
  useEffect(
    () => () => {
      gone.current = true;
    },
    [],
  );
  return {
    isUnderWay,
    value: outcome?.ok === true ? outcome.value : undefined,
    failure: outcome?.ok === false ? outcome.failure : undefined,
    clear: () => note(undefined),
    run: async (call) => {
      if (busy.current) return undefined;
      busy.current = true;
      const asker = document.activeElement;
      setUnderWay(true);
      note(undefined);
      const result = await call().catch(failureOfPage);
      busy.current = false;
      if (gone.current) return result;
      setUnderWay(false);
      note(result);
      setTimeout(() => giveBackFocus(asker));
      if (!result.ok && isSignedOut(result.failure)) signedOut();
      return result;
    },
  };
}

/** A button that is disabled while its call is under way loses the focus, and its reader the place on the page. */
function giveBackFocus(asker: Element | null): void {
  const isLost = document.activeElement === null || document.activeElement === document.body;
  if (isLost && asker instanceof HTMLElement) asker.focus({ preventScroll: true });
}

/** What the client threw, or the page itself: calls return what the service and the network do. */
function failureOfPage(error: unknown): { readonly ok: false; readonly failure: Failure } {
  return {
    ok: false,
    failure: {
      status: undefined,
      code: 'client.bad-answer',
      message: TEXTS.failure.ofPage,
      detail: error instanceof Error ? error.message : undefined,
      requestId: undefined,
      nextStep: TEXTS.failure.ofPageNext,
      retryAfter: undefined,
      changes: [],
      body: undefined,
    },
  };
}
