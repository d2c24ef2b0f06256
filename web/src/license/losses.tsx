import type { ComponentChildren } from 'preact';
import type { Api } from '#client';
import { TEXTS } from '../texts.js';
import { TermValue } from './term-value.js';
import { termName } from './terms.js';

const { install: texts } = TEXTS.license;

export interface LossesProps {
  readonly losses: readonly Api.TermChange[];
  /** What the reader says to it, where they may install. */
  readonly children?: ComponentChildren;
}

/** What a license takes away, each thing by name. */
export function Losses({ losses, children }: LossesProps) {
  return (
    <div class="losses">
      <h4>{texts.losses}</h4>
      <ul>
        {losses.map(({ member, before, after }) => (
          <li key={member}>
            <strong>{termName(member)}:</strong>{' '}
            {texts.fromTo(
              <TermValue member={member} value={before} other={after} />,
              <TermValue member={member} value={after} other={before} />,
            )}
          </li>
        ))}
      </ul>
      {children}
    </div>
  );
}
