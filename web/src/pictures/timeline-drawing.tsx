import type { TargetedPointerEvent } from 'preact';
import { useMemo } from 'preact/hooks';
import { useFontSize, useWidth } from '../components/use-width.js';
import type { LicenseState } from '../license-state.js';
import { localTime, type Moment } from '../moments.js';
import { useReader } from '../reader.js';
import { TEXTS } from '../texts.js';
import { placeMarks } from './mark-places.js';
import { momentAt, placeOf, type Scale, ticksOf } from './time-scale.js';
import { bandsOf, factsOf, type Lane, lanesOf, marksOf, readoutAt } from './timeline-model.js';

const { timeline: texts } = TEXTS;

export interface TimelineDrawingProps {
  readonly state: LicenseState;
  readonly scale: Scale;
  readonly at: Moment;
  readonly choose: (at: Moment) => void;
}

/** The picture itself, and the handle that moves the moment. */
export function TimelineDrawing({ state, scale, at, choose }: TimelineDrawingProps) {
  const { isUtc } = useReader();
  const [ref, width] = useWidth<HTMLDivElement>();
  const em = useFontSize();
  const { timeline } = state;
  const x = (moment: Moment) => Math.round(placeOf(scale, moment) * width * 10) / 10;
  const lanes = lanesOf(state);
  const marks = useMemo(
    () =>
      placeMarks(
        marksOf(state).map(({ kind, at: moment }) => ({ kind, x: x(moment), label: texts[kind] })),
        width,
        em * 0.5,
        em,
      ),
    [state, scale.from, scale.to, width, em],
  );
  const rows = 1 + Math.max(0, ...marks.map(({ row }) => row));
  const marksHeight = rows * em * 1.25 + em * 0.4;
  const bandTop = marksHeight;
  const bandHeight = em * 1.75;
  const lanesTop = bandTop + bandHeight + em * 0.6;
  const laneHeight = em * 2.5;
  const axisTop = lanesTop + lanes.length * laneHeight + em * 0.2;
  const height = axisTop + em * 1.6;
  const ticks = ticksOf(scale, Math.max(2, Math.floor(width / (em * 4))), isUtc);
  const point = (event: TargetedPointerEvent<SVGSVGElement>) => {
    const { left } = event.currentTarget.getBoundingClientRect();
    choose(Math.max(timeline.at, momentAt(scale, (event.clientX - left) / width)));
  };

  return (
    <div class="drawing" ref={ref}>
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        aria-hidden="true"
        onPointerMove={point}
        onPointerDown={point}
      >
        <Patterns />
        {ticks.map((tick) => (
          <g key={tick.at}>
            <line class="grid-line" x1={x(tick.at)} x2={x(tick.at)} y1={bandTop} y2={axisTop} />
            <text
              class="axis-label"
              x={Math.min(width - em * 1.4, Math.max(em * 1.4, x(tick.at)))}
              y={axisTop + em * 1.1}
            >
              {tick.label}
            </text>
          </g>
        ))}
        {bandsOf(timeline, scale).map(({ from, to, tone }) => (
          <rect
            key={from}
            class={`band tone-${tone}`}
            x={x(from)}
            width={Math.max(1.5, x(to) - x(from))}
            y={bandTop}
            height={bandHeight}
            rx={em * 0.25}
          />
        ))}
        {bandsOf(timeline, scale)
          .filter(({ tone, from, to }) => tone === 'bad' && x(to) - x(from) > 2)
          .map(({ from, to }) => (
            <rect
              key={from}
              class="hatch-bad"
              x={x(from)}
              width={x(to) - x(from)}
              y={bandTop}
              height={bandHeight}
            />
          ))}
        {lanes.map((lane, index) => (
          <LaneBars key={index} lane={lane} x={x} top={lanesTop + index * laneHeight} em={em} scale={scale} />
        ))}
        {marks.map(({ kind, x: place, row }) => (
          <line
            key={kind}
            class={`mark mark-${kind}`}
            x1={place}
            x2={place}
            y1={(row + 1) * em * 1.25}
            y2={axisTop}
          />
        ))}
        {/* After all lines: a label covers the line of another mark that crosses it. */}
        {marks.map(({ kind, row, labelX, anchor }) => (
          <text
            key={kind}
            class={`mark-label mark-label-${kind}`}
            x={labelX}
            y={(row + 0.8) * em * 1.25}
            text-anchor={anchor}
          >
            {texts[kind]}
          </text>
        ))}
        <g class="cursor">
          <line x1={x(at)} x2={x(at)} y1={bandTop - em * 0.25} y2={axisTop} />
          <circle cx={x(at)} cy={bandTop + bandHeight / 2} r={em * 0.4} />
        </g>
      </svg>
      <input
        type="range"
        class="scrubber"
        aria-label={texts.at}
        aria-valuetext={readoutAt(timeline, at, localTime(at, isUtc ? 'UTC' : undefined)).join(' ')}
        min={scale.from}
        max={scale.to}
        step={Math.max(1, Math.round((scale.to - scale.from) / 200))}
        value={at}
        onInput={(event) => choose(Math.max(timeline.at, Number(event.currentTarget.value)))}
        onKeyDown={(event) => {
          const stop = stopOf(event.key, factsOf(state), at, scale);
          if (stop === undefined) return;
          event.preventDefault();
          choose(stop);
        }}
      />
    </div>
  );
}

/** Where Page Up and Page Down lead: the next thing that happens, and the one before. */
function stopOf(
  key: string,
  facts: readonly { readonly at: Moment }[],
  at: Moment,
  { to }: Scale,
): Moment | undefined {
  if (key === 'PageUp') return facts.find((fact) => fact.at > at && fact.at <= to)?.at;
  if (key === 'PageDown') return facts.findLast((fact) => fact.at < at)?.at;
  return undefined;
}

interface LaneBarsProps {
  readonly lane: Lane;
  readonly x: (at: Moment) => number;
  readonly top: number;
  readonly em: number;
  readonly scale: Scale;
}

function LaneBars({ lane, x, top, em, scale }: LaneBarsProps) {
  const barTop = top + em * 1.3;
  const size = (part: Scale) => Math.max(1.5, x(part.to) - x(part.from));
  const isSeen = (part: Scale) => part.to > scale.from && part.from < scale.to;
  return (
    <g class={`lane lane-${lane.state}`}>
      <text class="lane-label" x={0} y={top + em}>
        {TEXTS.sourceNames[lane.source]}
        <tspan class="lane-state" dx={em * 0.5}>
          {TEXTS.sourceStates[lane.state]}
        </tspan>
      </text>
      {isSeen(lane.term) && (
        <rect
          class="term-bar"
          x={x(lane.term.from)}
          width={size(lane.term)}
          y={barTop}
          height={em * 0.75}
          rx={em * 0.2}
        />
      )}
      {lane.warnings.filter(isSeen).map((zone) => (
        <rect
          key={zone.to}
          class="warn-zone"
          x={x(zone.from)}
          width={size(zone)}
          y={barTop}
          height={em * 0.75}
        />
      ))}
      {isSeen(lane.token) && (
        <rect
          class="token-bar"
          x={x(lane.token.from)}
          width={size(lane.token)}
          y={barTop + em * 0.15}
          height={em * 0.45}
          rx={em * 0.12}
        />
      )}
    </g>
  );
}

function Patterns() {
  return (
    <defs>
      <pattern
        id="hatch-bad"
        width="8"
        height="8"
        patternUnits="userSpaceOnUse"
        patternTransform="rotate(45)"
      >
        <line class="hatch-bad-line" x1="0" x2="0" y1="0" y2="8" />
      </pattern>
      <pattern
        id="hatch-warn"
        width="6"
        height="6"
        patternUnits="userSpaceOnUse"
        patternTransform="rotate(45)"
      >
        <line class="hatch-warn-line" x1="0" x2="0" y1="0" y2="6" />
      </pattern>
    </defs>
  );
}
