import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { TEXTS } from '../texts.js';

export interface DialogProps {
  readonly title: string;
  /** While it is true the dialog stays: what is under way has an outcome to show. */
  readonly isBusy?: boolean;
  readonly close: () => void;
  readonly children: ComponentChildren;
  /** Left out where the dialog has one of its own. */
  readonly cancel?: string | undefined;
  /** The button that does it. */
  readonly action?: ComponentChildren;
  readonly submit?: (() => void) | undefined;
}

/** A question that the reader answers before anything else. The browser keeps the focus in it, and gives it back. */
export function Dialog({
  title,
  isBusy = false,
  close,
  children,
  cancel = TEXTS.dialog.cancel,
  action,
  submit,
}: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const isGone = useRef(false);
  // Before it is painted, and before it leaves the document: only then the focus goes back to where it was.
  useLayoutEffect(() => {
    const shown = dialog.current;
    if (shown?.open === false) shown.showModal();
    return () => {
      isGone.current = true;
      shown?.close();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        if (!isBusy) close();
      }}
      // Browsers close it at the second Escape, regardless of what the page wants.
      onClose={() => {
        if (!isGone.current) close();
      }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy) submit?.();
        }}
      >
        <h2 id={id}>{title}</h2>
        {children}
        <div class="bar bar-end">
          <button type="button" onClick={close} disabled={isBusy}>
            {cancel}
          </button>
          {action}
        </div>
      </form>
    </dialog>
  );
}
