import { useState } from 'preact/hooks';
import { FactsTable } from '../components/facts-table.js';
import { ToneIcon } from '../components/tone-icon.js';
import { When } from '../components/when.js';
import { answerAt, type LicenseState, toneOf } from '../license-state.js';
import { fromNow, localTime, type Moment } from '../moments.js';
import { useZone } from '../reader.js';
import { TEXTS } from '../texts.js';
import { TimelineDrawing } from './timeline-drawing.js';
import { answerWord, factsOf, lanesOf, readoutAt, scaleOf, type Zoom } from './timeline-model.js';

const { timeline: texts } = TEXTS;

/** The line of time: what the check will answer if nothing but time passes. */
export function TimelinePicture({ state }: { readonly state: LicenseState }) {
  const [zoom, setZoom] = useState<Zoom>('token');
  const [chosen, choose] = useState<Moment>();
  const { timeline } = state;
  const lanes = lanesOf(state);
  const scale = scaleOf(state, zoom);
  const at = Math.min(scale.to, Math.max(timeline.at, chosen ?? timeline.at));

  return (
    <section class="card picture" aria-labelledby="timeline-title">
      <div class="picture-head">
        <div>
          <h2 id="timeline-title">{texts.title}</h2>
          <p class="quiet">{texts.intro}</p>
        </div>
        {lanes.length > 0 && (
          <fieldset class="segments">
            <legend>{texts.zoom}</legend>
            {(['token', 'term'] as const).map((one) => (
              <label key={one}>
                <input type="radio" name="zoom" checked={zoom === one} onChange={() => setZoom(one)} />
                <span>{texts.zooms[one]}</span>
              </label>
            ))}
          </fieldset>
        )}
      </div>
      {lanes.length === 0 ? (
        <p>{texts.empty}</p>
      ) : (
        <>
          <TimelineDrawing state={state} scale={scale} at={at} choose={choose} />
          <Readout state={state} at={at} />
          <Legend />
          <Facts state={state} />
        </>
      )}
    </section>
  );
}

function Readout({ state, at }: { readonly state: LicenseState; readonly at: Moment }) {
  const zone = useZone();
  const { timeline } = state;
  const [first, ...others] = readoutAt(timeline, at, localTime(at, zone));
  return (
    <div class="readout">
      <p class="readout-main">
        <ToneIcon tone={toneOf(answerAt(timeline, at))} />
        <span>
          {first} <span class="quiet">({fromNow(at, timeline.at)})</span>
        </span>
      </p>
      <p class="quiet">{others.join(' ')}</p>
    </div>
  );
}

function Legend() {
  return (
    <ul class="legend">
      {(['good', 'warn', 'bad', 'unknown'] as const).map((tone) => (
        <li key={tone}>
          <span class={`swatch swatch-${tone}`} />
          {texts.legend[tone]}
        </li>
      ))}
      <li>
        <span class="swatch swatch-token" />
        {texts.legend.token}
      </li>
      <li>
        <span class="swatch swatch-term" />
        {texts.legend.term}
      </li>
      <li>
        <span class="swatch swatch-zone" />
        {texts.legend.warnZone}
      </li>
      <li class="quiet">{texts.hint}</li>
    </ul>
  );
}

function Facts({ state }: { readonly state: LicenseState }) {
  return (
    <FactsTable
      title={texts.title}
      columns={texts.columns}
      rows={factsOf(state).map(({ at, what, answer, reason }) => [
        <When at={at} />,
        what.join('; '),
        answerWord(answer),
        reason,
      ])}
    />
  );
}
