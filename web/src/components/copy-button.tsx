import { useState } from 'preact/hooks';
import { TEXTS } from '../texts.js';

const { copy: texts } = TEXTS;

export interface CopyButtonProps {
  readonly text: string;
  /** What is copied: a name for the button. */
  readonly label: string;
}

/** Copies a text. Where the browser lets no page write to the clipboard, it says so. */
export function CopyButton({ text, label }: CopyButtonProps) {
  const [outcome, setOutcome] = useState<'done' | 'failed'>();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setOutcome('done');
    } catch {
      setOutcome('failed');
    }
  };
  return (
    <>
      <button type="button" aria-label={label} onClick={() => void copy()}>
        {texts.submit}
      </button>
      <span role="status">{outcome !== undefined && texts[outcome]}</span>
    </>
  );
}
