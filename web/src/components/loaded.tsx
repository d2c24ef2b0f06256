import type { ComponentChildren } from 'preact';
import type { Polled } from '../polling.js';
import { TEXTS } from '../texts.js';

/** Shows what was read, once something was. A read that fails is told by `Staleness`. */
export function Loaded<T>({
  polled: { value, failure },
  children,
}: {
  readonly polled: Polled<T>;
  readonly children: (value: T) => ComponentChildren;
}) {
  if (value !== undefined) return <>{children(value)}</>;
  return failure === undefined ? <p class="card loading">{TEXTS.frame.loading}</p> : null;
}
