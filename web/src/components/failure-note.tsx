import type { Failure } from '#client';
import { TEXTS } from '../texts.js';
import { CopyButton } from './copy-button.js';

const { failure: texts } = TEXTS;

/** Why a call has no result: what it says, its code, its request, and what to do. */
export function FailureNote({ failure }: { readonly failure: Failure }) {
  const { message, detail, code, requestId, nextStep } = failure;
  return (
    <div class="failure" role="alert">
      <p>
        <strong>{texts.title}.</strong> {message}
        {detail !== undefined && <> {detail}</>}
      </p>
      <dl class="facts">
        <dt>{texts.next}</dt>
        <dd>{nextStep}</dd>
        <dt>{texts.code}</dt>
        <dd>
          <code>{code}</code>
        </dd>
        {requestId !== undefined && (
          <>
            <dt>{texts.request}</dt>
            <dd>
              <code>{requestId}</code> <CopyButton text={requestId} label={TEXTS.copy.request} />
            </dd>
          </>
        )}
      </dl>
    </div>
  );
}
