import type { TargetedPointerEvent } from 'preact';
import { useFontSize, useWidth } from '../components/use-width.js';
import { DAY } from '../moments.js';
import { TEXTS } from '../texts.js';
import { barAt, type DayBar, limitPath, type SeatsChart } from './seats-model.js';
import { placeOf, ticksOf } from './time-scale.js';

const { seats: texts } = TEXTS;

export interface SeatsDrawingProps {
  readonly chart: SeatsChart;
  readonly chosen: DayBar;
  readonly choose: (day: DayBar) => void;
  /** The chosen day in words. */
  readonly says: string;
}

/** Bars of days below the line of the limit, with the forecast behind them. */
export function SeatsDrawing({ chart, chosen, choose, says }: SeatsDrawingProps) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const em = useFontSize();
  const { scale, top, bars, limits, forecast } = chart;
  const left = em * (0.6 + String(top).length * 0.55);
  const plot = width - left;
  const plotTop = em * 0.75;
  const plotHeight = em * 11;
  const axisTop = plotTop + plotHeight;
  const x = (place: number) => Math.round((left + place * plot) * 10) / 10;
  const y = (seats: number) => Math.round((axisTop - (seats / top) * plotHeight) * 10) / 10;
  const day = (DAY / (scale.to - scale.from)) * plot;
  const barWidth = Math.max(1, day * 0.72);
  const ticks = ticksOf(scale, Math.max(2, Math.floor(plot / (em * 4.5))), true);
  const point = (event: TargetedPointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const bar = barAt(chart, (event.clientX - box.left - left) / plot);
    if (bar !== undefined) choose(bar);
  };

  return (
    <div class="drawing" ref={ref}>
      <svg
        width={width}
        height={axisTop + em * 1.6}
        viewBox={`0 0 ${width} ${axisTop + em * 1.6}`}
        aria-hidden="true"
        onPointerMove={point}
        onPointerDown={point}
      >
        {[0, 0.5, 1].map((part) => (
          <g key={part}>
            <line class="grid-line" x1={left} x2={width} y1={y(top * part)} y2={y(top * part)} />
            <text class="axis-number" x={left - em * 0.4} y={y(top * part) + em * 0.3}>
              {Math.round(top * part)}
            </text>
          </g>
        ))}
        {ticks.map(({ at, label }) => (
          <text
            key={at}
            class="axis-label"
            x={Math.min(width - em * 1.5, x(placeOf(scale, at + DAY / 2)))}
            y={axisTop + em * 1.2}
          >
            {label}
          </text>
        ))}
        {forecast !== undefined && (
          <>
            <path
              class="forecast-range"
              d={`M${x(forecast.from)} ${y(forecast.used)}L${x(forecast.earliest)} ${y(forecast.limit)}H${x(forecast.latest)}Z`}
            />
            <line
              class="forecast-line"
              x1={x(forecast.from)}
              y1={y(forecast.used)}
              x2={x(forecast.to)}
              y2={y(forecast.limit)}
            />
          </>
        )}
        {bars.map((bar) => (
          <g key={bar.day} class={bar.day === chosen.day ? 'day day-chosen' : 'day'}>
            <rect
              class={`day-bar tone-${toneOfDay(bar)}${bar.isToday ? ' day-today' : ''}`}
              x={x(placeOf(scale, bar.at)) + (day - barWidth) / 2}
              width={barWidth}
              y={y(bar.peak)}
              height={Math.max(bar.peak > 0 ? 1.5 : 0, axisTop - y(bar.peak))}
            />
            {bar.denials > 0 && (
              <path
                class="day-denials"
                d={`M${x(placeOf(scale, bar.at)) + day / 2} ${y(bar.peak) - em * 0.2}l${-em * 0.35} ${-em * 0.6}h${em * 0.7}z`}
              />
            )}
          </g>
        ))}
        <path class="limit-line" d={limitPath(limits, x, y)} />
        <rect
          class="day-cursor"
          x={x(placeOf(scale, chosen.at))}
          width={Math.max(2, day)}
          y={plotTop}
          height={plotHeight}
        />
      </svg>
      <input
        type="range"
        class="scrubber"
        aria-label={texts.at}
        aria-valuetext={says}
        min={0}
        max={bars.length - 1}
        step={1}
        value={bars.findIndex(({ day: name }) => name === chosen.day)}
        onInput={(event) => {
          const bar = bars[Number(event.currentTarget.value)];
          if (bar !== undefined) choose(bar);
        }}
      />
    </div>
  );
}

/** Full, nearly full, or with room. */
function toneOfDay({ peak, limit, denials }: DayBar): 'bad' | 'warn' | 'good' {
  if (denials > 0 || (limit !== null && peak > limit)) return 'bad';
  return limit !== null && peak >= limit * 0.9 ? 'warn' : 'good';
}
