import { useState } from 'preact/hooks';
import type { Read } from '../polling.js';
import { type Call, useCall } from './use-call.js';

/** What the reader is asked before something is done that is hard to undo. */
export interface Question {
  readonly title: string;
  readonly text: string;
  /** On the button that does it. */
  readonly submit: string;
  /** What can be chosen beside it: a label. */
  readonly option?: string;
  /** What to say when it worked. */
  readonly done: string;
  readonly send: (hasOption: boolean) => Promise<Read<unknown>>;
}

/** Calls that come to one sentence each, after which what is shown is read again. */
export interface Action {
  /** What came of the last one: a sentence. */
  readonly call: Call<string>;
  readonly question: Question | undefined;
  /** Whether the last one was asked about: the focus goes to what came of it, as its button may be gone. */
  readonly wasAsked: boolean;
  /** @param done - what to say when it worked. @returns whether it did */
  readonly act: (done: string, send: () => Promise<Read<unknown>>) => Promise<boolean>;
  /** Does it once the reader has said yes. */
  readonly ask: (question: Question) => void;
  /** The answer to the question. @param hasOption - undefined for no */
  readonly answer: (hasOption: boolean | undefined) => void;
}

export function useAction(reload: () => Promise<unknown>): Action {
  const call = useCall<string>();
  const [question, ask] = useState<Question>();
  const [wasAsked, setAsked] = useState(false);
  const run = async (done: string, send: () => Promise<Read<unknown>>) => {
    const outcome = await call.run(async () => {
      const sent = await send();
      return sent.ok ? { ok: true, value: done } : sent;
    });
    await reload();
    return outcome?.ok === true;
  };
  return {
    call,
    question,
    wasAsked,
    act: (done, send) => {
      setAsked(false);
      return run(done, send);
    },
    ask,
    answer: (hasOption) => {
      ask(undefined);
      if (question === undefined || hasOption === undefined) return;
      setAsked(true);
      void run(question.done, () => question.send(hasOption));
    },
  };
}
