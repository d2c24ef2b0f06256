import { type GlanceAnswer, glanceAt } from '../glance.js';
import type { LicenseState } from '../license-state.js';
import { fromNow, type Moment } from '../moments.js';
import { TEXTS } from '../texts.js';
import { ToneIcon } from './tone-icon.js';
import { When } from './when.js';

const { glance: texts } = TEXTS;

/** The five answers. */
export function GlancePanel({ state }: { readonly state: LicenseState }) {
  const now = state.timeline.at;
  const glance = glanceAt(state);
  return (
    <section class="glance" aria-label={texts.title}>
      <Tile name="licensed" term={texts.licensed.term} answer={glance.licensed} now={now} isLarge />
      <Tile name="until" term={texts.until.term} answer={glance.until} now={now} />
      <Tile name="renewal" term={texts.renewal.term} answer={glance.renewal} now={now} />
      <Tile name="next" term={texts.next.term} answer={glance.next} now={now} />
      <Tile name="why" term={texts.why.term} answer={glance.why} now={now} />
    </section>
  );
}

interface TileProps {
  readonly name: keyof ReturnType<typeof glanceAt>;
  readonly term: string;
  readonly answer: GlanceAnswer;
  readonly now: Moment;
  readonly isLarge?: boolean;
}

function Tile({ name, term, answer: { tone, main, note, and }, now, isLarge = false }: TileProps) {
  return (
    <div class={`tile tone-${tone} tile-${name}`}>
      <h2>{term}</h2>
      <p class={isLarge ? 'tile-main tile-large' : 'tile-main'}>
        {tone !== 'plain' && <ToneIcon tone={tone} />}
        {typeof main === 'number' ? (
          <span>
            <When at={main} isStop />
            <span class="tile-span">{fromNow(main, now)}</span>
          </span>
        ) : (
          <span>{main}</span>
        )}
      </p>
      {note !== '' && <p class="tile-note">{note}</p>}
      {and !== undefined && (
        <p class="tile-note">
          {and.term !== '' && `${and.term}: `}
          <When at={and.at} isStop /> <span class="quiet">({fromNow(and.at, now)})</span>
        </p>
      )}
    </div>
  );
}
