import { useRef, useState } from 'preact/hooks';
import { TEXTS } from '../texts.js';
import { MAX_TOKEN_TEXT, tokenIn } from './token-text.js';

const { install: texts } = TEXTS.license;

export interface TokenFieldProps {
  readonly text: string;
  readonly isBusy: boolean;
  readonly change: (text: string) => void;
  /** @param token - not empty, without white space around it */
  readonly inspect: (token: string) => Promise<void>;
}

/** Where a license token comes in: dropped, chosen, pasted or typed. A whole one is inspected without a click. */
export function TokenField({ text, isBusy, change, inspect }: TokenFieldProps) {
  const [isOver, setOver] = useState(false);
  const [fault, setFault] = useState<string>();
  const file = useRef<HTMLInputElement>(null);
  const token = tokenIn(text);

  const take = (whole: string) => {
    setFault(undefined);
    change(whole);
    if (tokenIn(whole) === '') return setFault(texts.empty);
    if (whole.length > MAX_TOKEN_TEXT) return setFault(texts.tooLarge);
    void inspect(tokenIn(whole));
  };
  const read = async (chosen: File | undefined) => {
    if (chosen === undefined || isBusy) return;
    if (chosen.size > MAX_TOKEN_TEXT) return setFault(texts.tooLarge);
    try {
      take(await chosen.text());
    } catch {
      // A directory, or a file that is gone.
      setFault(texts.unreadable);
    }
  };

  return (
    <form
      class={isOver ? 'drop drop-over' : 'drop'}
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBusy) take(text);
      }}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        const { files } = event.dataTransfer ?? {};
        const dropped = event.dataTransfer?.getData('text/plain') ?? '';
        if (files?.[0] !== undefined) void read(files[0]);
        else if (!isBusy) take(dropped);
      }}
    >
      <label class="field">
        <span>{texts.field}</span>
        <textarea
          name="token"
          rows={4}
          class="code"
          value={text}
          readOnly={isBusy}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          aria-describedby="token-hint"
          onInput={(event) => {
            setFault(undefined);
            change(event.currentTarget.value);
          }}
          onPaste={(event) => {
            const pasted = event.clipboardData?.getData('text/plain') ?? '';
            // Into a text that is there already it goes as into any field.
            if (text !== '' || tokenIn(pasted) === '' || isBusy) return;
            event.preventDefault();
            take(pasted);
          }}
        />
      </label>
      <p id="token-hint" class="quiet">
        {texts.hint}
      </p>
      <p class="fault" role="alert">
        {fault}
      </p>
      <div class="bar">
        <button type="submit" disabled={isBusy || token === ''}>
          {texts.inspect}
        </button>
        <button type="button" disabled={isBusy} onClick={() => file.current?.click()}>
          {texts.choose}
        </button>
        <input
          ref={file}
          type="file"
          hidden
          aria-label={texts.choose}
          onChange={(event) => {
            const input = event.currentTarget;
            void read(input.files?.[0]).then(() => {
              // So that the same file can be chosen again.
              input.value = '';
            });
          }}
        />
        {text !== '' && (
          <button type="button" class="plain" disabled={isBusy} onClick={() => change('')}>
            {texts.clear}
          </button>
        )}
      </div>
    </form>
  );
}
