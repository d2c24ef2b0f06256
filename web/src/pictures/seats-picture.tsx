import { useMemo, useState } from 'preact/hooks';
import { FactsTable } from '../components/facts-table.js';
import { When } from '../components/when.js';
import { spanOf } from '../moments.js';
import { hasSeats, type SeatsState } from '../seats-state.js';
import { TEXTS } from '../texts.js';
import { SeatsDrawing } from './seats-drawing.js';
import { chartOf, type DayBar } from './seats-model.js';

const { seats: texts } = TEXTS;

/** Used of the limit, the days with the limit of each, the forecast, and refusals. Nothing where nothing is counted. */
export function SeatsPicture({ state }: { readonly state: SeatsState }) {
  const chart = useMemo(() => chartOf(state), [state]);
  const [day, chooseDay] = useState<string>();
  const chosen = chart.bars.find((bar) => bar.day === day) ?? chart.bars.at(-1);
  if (!hasSeats(state) || chosen === undefined) return null;
  const { usage, days } = state;
  const denials = days.reduce((sum, one) => sum + one.denials, 0);
  return (
    <section class="card picture picture-seats" aria-labelledby="seats-title">
      <div>
        <h2 id="seats-title">{texts.title}</h2>
        <p class="quiet">
          {texts.window[usage.window.kind]} {texts.counted(spanOf(usage.age))}
        </p>
      </div>
      <Fill state={state} />
      <SeatsDrawing
        chart={chart}
        chosen={chosen}
        choose={(bar) => chooseDay(bar.day)}
        says={readoutOf(chosen)}
      />
      <div class="readout readout-line">
        <p class="readout-main">{readoutOf(chosen)}</p>
      </div>
      <ul class="legend">
        <li>
          <span class="swatch swatch-good" />
          {texts.legend.peak}
        </li>
        <li>
          <span class="swatch swatch-limit" />
          {texts.legend.limit}
        </li>
        {chart.forecast !== undefined && (
          <li>
            <span class="swatch swatch-forecast" />
            {texts.legend.forecast}
          </li>
        )}
        <li>
          <span class="swatch-denials" />
          {texts.legend.denials}
        </li>
      </ul>
      <p>
        {usage.forecast === null
          ? texts.noForecast
          : texts.forecast(usage.forecast.date, usage.forecast.earliest, usage.forecast.latest)}{' '}
        {days.length === 0 ? texts.noDays : texts.denied(denials)}
      </p>
      <div>
        <FactsTable
          title={texts.title}
          columns={texts.columns}
          rows={chart.bars
            .toReversed()
            .map(({ day: name, peak, used, limit, denials: refused, isToday }) => [
              isToday ? `${name} (${texts.today})` : name,
              peak,
              used,
              limit ?? TEXTS.none,
              refused,
            ])}
        />
        <Denials state={state} />
      </div>
    </section>
  );
}

function readoutOf({ day, peak, limit, denials, isToday }: DayBar): string {
  const says = texts.readout(isToday ? texts.today : texts.day(day), peak, limit);
  return isToday ? `${says}.` : `${says}, ${texts.refused(denials)}.`;
}

/** How full each pool is. */
function Fill({ state: { usage } }: { readonly state: SeatsState }) {
  const { warning } = usage;
  return (
    <div class="fills">
      {usage.pools.map(({ name, used, limit, remaining, overage }) => (
        <div key={name} class="fill">
          <p>
            {usage.pools.length > 1 && <span class="quiet">{texts.pools[name]}: </span>}
            <strong>{texts.used(used, limit)}</strong>{' '}
            <span class={overage > 0 ? 'fault' : 'quiet'}>
              {overage > 0 ? texts.overage(overage) : remaining === null ? '' : texts.remaining(remaining)}
            </span>
          </p>
          {limit !== null && (
            <meter
              aria-label={texts.used(used, limit)}
              min={0}
              max={Math.max(1, limit)}
              high={Math.max(1, limit * 0.9)}
              low={0}
              optimum={0}
              value={Math.min(used, limit)}
            />
          )}
        </div>
      ))}
      {warning.level !== null && warning.of !== null && (
        <p class="warned">{texts.warning(warning.percent ?? warning.level, texts.warningOf[warning.of])}</p>
      )}
    </div>
  );
}

function Denials({ state: { denials } }: { readonly state: SeatsState }) {
  if (denials === undefined || denials.length === 0) return null;
  return (
    <FactsTable
      title={texts.denials}
      columns={texts.denialColumns}
      rows={denials.map(({ day, subject, role, times, used, limit, lastAt }) => [
        day,
        <code>{subject}</code>,
        role,
        times,
        used,
        limit,
        <When at={lastAt} />,
      ])}
    />
  );
}
