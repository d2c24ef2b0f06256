import { useState } from 'preact/hooks';
import { TEXTS } from '../texts.js';
import { Dialog } from './dialog.js';
import { FailureNote } from './failure-note.js';
import { Result } from './result.js';
import type { Action, Question } from './use-action.js';

/** What is asked before an action, that it is under way, and what came of it. */
export function ActionOutcome({ action: { call, question, wasAsked, answer } }: { readonly action: Action }) {
  return (
    <>
      <Result progress={call.isUnderWay && TEXTS.frame.underWay} done={call.value} takesFocus={wasAsked} />
      {call.failure !== undefined && <FailureNote failure={call.failure} />}
      {question !== undefined && <QuestionDialog question={question} answer={answer} />}
    </>
  );
}

function QuestionDialog({
  question: { title, text, submit, option },
  answer,
}: {
  readonly question: Question;
  readonly answer: Action['answer'];
}) {
  const [hasOption, setOption] = useState(false);
  return (
    <Dialog
      title={title}
      close={() => answer(undefined)}
      submit={() => answer(hasOption)}
      action={
        <button type="submit" class="danger">
          {submit}
        </button>
      }
    >
      <p>{text}</p>
      {option !== undefined && (
        <label class="check">
          <input
            type="checkbox"
            checked={hasOption}
            onChange={(event) => setOption(event.currentTarget.checked)}
          />
          <span>{option}</span>
        </label>
      )}
    </Dialog>
  );
}
