import { useRef, useState } from 'preact/hooks';
import type { Api } from '#client';
import { FailureNote } from '../components/failure-note.js';
import { Result } from '../components/result.js';
import { useCall } from '../components/use-call.js';
import { When } from '../components/when.js';
import { useReader } from '../reader.js';
import { TEXTS } from '../texts.js';
import { InspectionReport } from './inspection-report.js';
import { Losses } from './losses.js';
import { TokenField } from './token-field.js';
import { type Proposal, proposalOf } from './terms.js';

const { install: texts } = TEXTS.license;

const NOTHING: Proposal = { offer: undefined, losses: [] };

/** What a token was found to be, and the token: what is sent is what was looked at. */
interface Inspected {
  readonly token: string;
  readonly inspection: Api.Inspection;
}

/** What an install came to. */
interface Installed {
  readonly license: Api.Token;
  readonly answer: Api.Token;
}

export interface InstallPanelProps {
  readonly reload: () => Promise<void>;
  /** Whether what came of the last install is still news. */
  readonly isNews: boolean;
  readonly begin: () => void;
}

/** A token comes in, is looked at, and is installed or queued when the reader knows what it takes away. */
export function InstallPanel({ reload, isNews, begin }: InstallPanelProps) {
  const { service, may } = useReader();
  const [text, setText] = useState('');
  const inspected = useCall<Inspected>();
  const installed = useCall<Installed>();
  const [knowsLosses, setKnowsLosses] = useState(false);
  const report = useRef<HTMLHeadingElement>(null);
  const mayInstall = may('licensing:write');

  const inspect = async (token: string) => {
    begin();
    setKnowsLosses(false);
    installed.clear();
    const outcome = await inspected.run(async () => {
      const found = await service.calls.POST('/api/licensing/token/inspect', { body: { token } });
      return found.ok ? { ok: true, value: { token, inspection: found.value } } : found;
    });
    if (outcome?.ok === true) report.current?.focus();
  };

  const install = async ({ token, inspection }: Inspected) => {
    const { offer, losses } = proposalOf(inspection);
    const { license } = inspection;
    if (offer === undefined || license === null) return;
    const outcome = await installed.run(async () => {
      const done = await service.calls.POST('/api/licensing/token', {
        body: {
          token,
          ...(offer === 'queue' ? { queue: true } : {}),
          ...(losses.length > 0 ? { acknowledge: true } : {}),
        },
      });
      return done.ok ? { ok: true, value: { license, answer: done.value } } : done;
    });
    if (outcome?.ok === true) {
      inspected.clear();
      setText('');
    }
    await reload();
  };

  const { value } = inspected;
  const { offer, losses } = value === undefined ? NOTHING : proposalOf(value.inspection);
  return (
    <section class="card flow" aria-labelledby="install-title">
      <h2 id="install-title">{mayInstall ? texts.title : texts.titleOfReader}</h2>
      <TokenField
        text={text}
        isBusy={inspected.isUnderWay || installed.isUnderWay}
        change={(next) => {
          setText(next);
          inspected.clear();
          installed.clear();
        }}
        inspect={inspect}
      />
      {value !== undefined && (
        <div class="flow">
          <InspectionReport inspection={value.inspection} heading={report} />
          {losses.length > 0 && (
            <Losses losses={losses}>
              {mayInstall && (
                <label class="check">
                  <input
                    type="checkbox"
                    checked={knowsLosses}
                    disabled={installed.isUnderWay}
                    onChange={(event) => setKnowsLosses(event.currentTarget.checked)}
                  />
                  <span>{texts.acknowledge(losses.length)}</span>
                </label>
              )}
            </Losses>
          )}
          {mayInstall && offer !== undefined && (
            <div class="bar">
              <button
                type="button"
                class="primary"
                disabled={installed.isUnderWay || (losses.length > 0 && !knowsLosses)}
                onClick={() => void install(value)}
              >
                {texts.offers[offer]}
              </button>
            </div>
          )}
        </div>
      )}
      <Result
        progress={(inspected.isUnderWay && texts.inspecting) || (installed.isUnderWay && texts.installing)}
        done={isNews && installed.value !== undefined && <InstallSentence {...installed.value} />}
        takesFocus
      />
      {inspected.failure !== undefined && <FailureNote failure={inspected.failure} />}
      {installed.failure !== undefined && <FailureNote failure={installed.failure} />}
    </section>
  );
}

/** What an install came to, in words. */
function InstallSentence({ license, answer }: Installed) {
  if (answer.lid !== license.lid || answer.jti !== license.jti) return <>{texts.storedBeside}</>;
  if (answer.status !== 1) {
    return (
      <>
        {texts.queued} <When at={license.nbf} isStop />.
      </>
    );
  }
  return (
    <>
      {texts.installed} <When at={Math.min(license.exp, license.lexp)} isStop />.
    </>
  );
}
