import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { ToneIcon } from './tone-icon.js';

export interface ResultProps {
  /** What happens at this moment; undefined while nothing does. */
  readonly progress?: string | false | undefined;
  /** What it came to. */
  readonly done?: ComponentChildren;
  /** Whether the focus goes here when it is done: where the button that did it may be gone. */
  readonly takesFocus?: boolean;
}

/** Says what is under way, and what it came to, to screen readers too. */
export function Result({ progress, done, takesFocus = false }: ResultProps) {
  const place = useRef<HTMLDivElement>(null);
  const isDone = done !== undefined && done !== null && done !== false;
  // Before it is painted: the reader's next key belongs here.
  useLayoutEffect(() => {
    if (isDone && takesFocus) place.current?.focus();
  }, [isDone, takesFocus]);
  return (
    <div ref={place} class="result" role="status" tabIndex={-1}>
      {progress !== undefined && progress !== false && (
        <p class="progress">
          <progress aria-hidden="true" />
          <span>{progress}</span>
        </p>
      )}
      {isDone && (
        <p class="done">
          <ToneIcon tone="good" /> <span>{done}</span>
        </p>
      )}
    </div>
  );
}
