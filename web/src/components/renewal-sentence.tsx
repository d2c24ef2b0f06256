import type { Api } from '#client';
import { TEXTS } from '../texts.js';
import { When } from './when.js';

const { renewal: texts } = TEXTS;

/** What a renewal that was asked for came to: the token that it was asked for, and the one that the service has now. */
export interface Renewed {
  readonly before: string;
  readonly answer: Api.Token;
}

/** The sentence for it: an issuer that has nothing newer leaves the token as it is. */
export function RenewalSentence({ before, answer }: Renewed) {
  if (before === answer.jti) return <>{texts.nothingNewer}</>;
  return (
    <>
      {texts.renewed} <When at={answer.exp} isStop />.
    </>
  );
}
