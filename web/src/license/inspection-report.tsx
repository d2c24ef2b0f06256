import type { Ref } from 'preact';
import type { Api } from '#client';
import { Table } from '../components/facts-table.js';
import { ToneIcon } from '../components/tone-icon.js';
import type { Tone } from '../license-state.js';
import { TEXTS } from '../texts.js';
import { TermValue } from './term-value.js';
import { anotherLicense, mainTerms, termName } from './terms.js';

const { inspection: texts } = TEXTS.license;
const steps = { ...TEXTS.steps, ...TEXTS.license.steps };

const TONES: Readonly<Record<Api.Inspection['outcome'], Tone>> = {
  install: 'good',
  queue: 'good',
  unchanged: 'unknown',
  stale: 'warn',
  refused: 'bad',
};

export interface InspectionReportProps {
  readonly inspection: Api.Inspection;
  /** Takes the focus when the report is new. */
  readonly heading: Ref<HTMLHeadingElement>;
}

/** What a token is, what installing it would change, and what it takes away. */
export function InspectionReport({ inspection, heading }: InspectionReportProps) {
  const { outcome, code, message, license, kid, alg, changes } = inspection;
  const another = anotherLicense(changes);
  const losses = changes.filter(({ takesAway }) => takesAway);
  const isOffered = outcome === 'install' || outcome === 'queue';
  const tone = losses.length > 0 && isOffered ? 'warn' : TONES[outcome];
  // The service refuses nothing that it would queue: the code is that of an install at once.
  const isRefused = outcome === 'refused' || outcome === 'stale';
  return (
    <>
      <h3 ref={heading} tabIndex={-1} class={`verdict tone-${tone}`}>
        <ToneIcon tone={tone} />{' '}
        <span>{isOffered && losses.length > 0 ? texts.withLosses[outcome] : texts.outcomes[outcome]}</span>
      </h3>
      <p>{message}</p>
      {isRefused && code !== null && (
        <dl class="facts">
          {Object.hasOwn(steps, code) && (
            <>
              <dt>{TEXTS.failure.next}</dt>
              <dd>{steps[code as keyof typeof steps]}</dd>
            </>
          )}
          <dt>{TEXTS.failure.code}</dt>
          <dd>
            <code>{code}</code>
          </dd>
        </dl>
      )}
      {license !== null && (
        <dl class="facts">
          {mainTerms(license).map(([member, said]) => (
            <div key={member}>
              <dt>{termName(member)}</dt>
              <dd>
                <TermValue member={member} value={said} />
              </dd>
            </div>
          ))}
          {kid !== null && (
            <div>
              <dt>{texts.key}</dt>
              <dd>
                {kid} ({alg})
              </dd>
            </div>
          )}
        </dl>
      )}
      {license !== null && changes.length === 0 && !isRefused && outcome !== 'unchanged' && (
        <p class="quiet">{texts.noChanges}</p>
      )}
      {isOffered && another !== undefined && (
        <p>
          <strong>{texts.another(another.before, another.after)}</strong>
        </p>
      )}
      {changes.length > 0 && (
        <Table
          caption={texts.changes}
          columns={texts.columns}
          rows={[...losses, ...changes.filter(({ takesAway }) => !takesAway)].map(
            ({ member, before, after, takesAway }) => [
              takesAway ? (
                <>
                  {termName(member)} <span class="loss">{texts.takesAway}</span>
                </>
              ) : (
                termName(member)
              ),
              <TermValue member={member} value={before} other={after} />,
              <TermValue member={member} value={after} other={before} />,
            ],
          )}
        />
      )}
    </>
  );
}
