import type { Tone } from '../license-state.js';

/** The form of a tone, so that it does not depend on color alone. */
const PATHS: Readonly<Record<Tone, string>> = {
  good: 'm6.5 12.4 3.6 3.6 7.4-7.6',
  warn: 'M12 6.6v6.8M12 17.2v.2',
  bad: 'm8 8 8 8m0-8-8 8',
  unknown: 'M9.2 9.4a2.9 2.9 0 1 1 4.3 2.5c-1 .6-1.5 1.1-1.5 2.1M12 17.2v.2',
};

/** A sign for a tone. What it means is said in words beside it. */
export function ToneIcon({ tone }: { readonly tone: Tone }) {
  return (
    <svg class={`tone-icon tone-${tone}`} viewBox="0 0 24 24" aria-hidden="true">
      {tone === 'warn' ? (
        <path class="tone-shape" d="M12 1.8 23 21H1z" />
      ) : (
        <circle class="tone-shape" cx="12" cy="12" r="11" />
      )}
      <path class="tone-mark" d={PATHS[tone]} />
    </svg>
  );
}
