import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

export interface NameFormProps {
  readonly label: string;
  readonly submitLabel: string;
  readonly isBusy: boolean;
  /** @returns whether it worked: the field is emptied then */
  readonly submit: (name: string) => Promise<boolean>;
  /** Further fields. */
  readonly children?: ComponentChildren;
}

/** One name, and a button that makes something of that name. */
export function NameForm({ label, submitLabel, isBusy, submit, children }: NameFormProps) {
  const [name, setName] = useState('');
  return (
    <form
      class="filters"
      onSubmit={(event) => {
        event.preventDefault();
        if (isBusy || name.trim() === '') return;
        void submit(name.trim()).then((isDone) => {
          if (isDone) setName('');
        });
      }}
    >
      <label class="field">
        <span>{label}</span>
        <input
          type="text"
          maxLength={190}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      {children}
      <div class="bar">
        <button type="submit" disabled={isBusy || name.trim() === ''}>
          {submitLabel}
        </button>
      </div>
    </form>
  );
}
