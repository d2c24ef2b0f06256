import type { Api } from '#client';
import { FactsTable } from '../components/facts-table.js';
import { ToneIcon } from '../components/tone-icon.js';
import { When } from '../components/when.js';
import type { Tone } from '../license-state.js';
import { useZone } from '../reader.js';
import { TEXTS } from '../texts.js';
import { answerWord } from './timeline-model.js';
import { decidingSource, stepFor, valueText } from './why-model.js';

const { why: texts } = TEXTS;

const VERDICT_TONES: Readonly<Record<Api.ExplainedRule['verdict'], Tone>> = {
  passed: 'good',
  failed: 'bad',
  'not-reached': 'unknown',
};

const STATE_TONES: Readonly<Record<Api.SourceState, Tone | 'plain'>> = {
  used: 'good',
  stale: 'plain',
  invalid: 'bad',
  broken: 'bad',
  waiting: 'plain',
  absent: 'plain',
};

/** Why the check answers as it does: the rules as a ticked list, and the sources side by side. */
export function WhyPicture({ explanation }: { readonly explanation: Api.Explanation }) {
  const source = decidingSource(explanation);
  return (
    <section class="card picture picture-why" aria-labelledby="why-title">
      <div>
        <h2 id="why-title">{texts.title}</h2>
        <p class="quiet">
          {texts.intro(answerWord(explanation.answer))} {explanation.reason}
        </p>
      </div>
      <div class="why">
        <div>
          {source === undefined ? (
            <p>{texts.noRules}</p>
          ) : (
            <>
              <h3>{texts.rulesOf(TEXTS.sources[source.source])}</h3>
              <Rules rules={source.rules} />
            </>
          )}
        </div>
        <div>
          <h3>{texts.sources}</h3>
          <ul class="sources">
            {explanation.sources.map((one, index) => (
              <Source key={index} source={one} />
            ))}
          </ul>
        </div>
      </div>
      <div>
        <RulesTable explanation={explanation} />
        <SourcesTable explanation={explanation} />
      </div>
    </section>
  );
}

function Rules({ rules }: { readonly rules: readonly Api.ExplainedRule[] }) {
  return (
    <ol class="rules">
      {rules.map(({ rule, verdict, sentence }) => (
        <li key={rule} class={`rule rule-${verdict}`}>
          <ToneIcon tone={VERDICT_TONES[verdict]} />
          <span>
            <strong>{TEXTS.rules[rule]}</strong> <span class="hidden">{TEXTS.verdicts[verdict]}</span>
            <span class="rule-sentence">{sentence}</span>
          </span>
        </li>
      ))}
    </ol>
  );
}

function Source({ source }: { readonly source: Api.ExplainedSource }) {
  const { state, reason, lid, exp, lexp } = source;
  const tone = STATE_TONES[state];
  const step = stepFor(source);
  return (
    <li class={`source source-${state}`}>
      <p class="source-name">
        <strong>{TEXTS.sourceNames[source.source]}</strong>
        <span class={`badge tone-${tone}`}>{TEXTS.sourceStates[state]}</span>
      </p>
      {reason !== null && <p>{reason}</p>}
      {lid !== null && (
        <dl class="facts">
          <dt>{texts.license}</dt>
          <dd>
            <code>{lid}</code>
          </dd>
          {exp !== null && (
            <>
              <dt>{texts.tokenEnds}</dt>
              <dd>
                <When at={exp} isStop />
              </dd>
            </>
          )}
          {lexp !== null && (
            <>
              <dt>{texts.licenseEnds}</dt>
              <dd>
                <When at={lexp} isStop />
              </dd>
            </>
          )}
        </dl>
      )}
      {step !== undefined && state !== 'absent' && (
        <p class="quiet">
          {texts.stepsTo}: {step}
        </p>
      )}
    </li>
  );
}

function RulesTable({ explanation }: { readonly explanation: Api.Explanation }) {
  const zone = useZone();
  return (
    <FactsTable
      title={texts.rulesTable}
      columns={texts.columns}
      rows={explanation.sources.flatMap(({ source, rules }) =>
        rules.map(({ rule, verdict, sentence, value, against }) => [
          TEXTS.sourceNames[source],
          TEXTS.rules[rule],
          TEXTS.verdicts[verdict],
          sentence,
          valueText(rule, value, zone),
          valueText(rule, against, zone),
        ]),
      )}
    />
  );
}

function SourcesTable({ explanation }: { readonly explanation: Api.Explanation }) {
  return (
    <FactsTable
      title={texts.sourcesTable}
      columns={texts.sourceColumns}
      rows={explanation.sources.map((source) => [
        TEXTS.sourceNames[source.source],
        TEXTS.sourceStates[source.state],
        source.lid ?? TEXTS.none,
        source.exp === null ? TEXTS.none : <When at={source.exp} />,
        source.lexp === null ? TEXTS.none : <When at={source.lexp} />,
        source.reason ?? TEXTS.none,
        stepFor(source) ?? TEXTS.none,
      ])}
    />
  );
}
