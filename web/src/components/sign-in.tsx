import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { SignedIn, SignInRequest } from '../service.js';
import { TEXTS } from '../texts.js';
import { Logo } from './logo.js';

export interface SignInProps {
  readonly state:
    | { readonly kind: 'starting'; readonly byLink: boolean }
    | { readonly kind: 'signed-out'; readonly note?: string | undefined }
    | { readonly kind: 'unreachable' };
  readonly isSecure: boolean;
  readonly retry: () => void;
  readonly signIn: (request: SignInRequest) => Promise<SignedIn>;
}

const { signIn: texts } = TEXTS;

/** What is shown before a caller is known. */
export function SignIn({ state, isSecure, retry, signIn }: SignInProps) {
  return (
    <main class="sign-in">
      <div class="card sign-in-card">
        <div class="brand">
          <Logo />
          <span>{TEXTS.product}</span>
        </div>
        {state.kind === 'starting' && (
          <p role="status">{state.byLink ? texts.byLink : TEXTS.frame.loading}</p>
        )}
        {state.kind === 'unreachable' && (
          <>
            <h1>{texts.unreachable}</h1>
            <button type="button" class="primary" onClick={retry}>
              {texts.retry}
            </button>
          </>
        )}
        {state.kind === 'signed-out' && <SignInForm note={state.note} isSecure={isSecure} signIn={signIn} />}
      </div>
    </main>
  );
}

type Way = 'password' | 'token';

/** How the tokens of service accounts begin. */
const TOKEN_PREFIX = 'licsa_';

function SignInForm({
  note,
  isSecure,
  signIn,
}: Pick<SignInProps, 'isSecure' | 'signIn'> & { readonly note: string | undefined }) {
  const [way, setWay] = useState<Way>('password');
  const [isUnderWay, setUnderWay] = useState(false);
  const [fault, setFault] = useState<string>();
  const first = useRef<HTMLInputElement>(null);
  const [pasted, setPasted] = useState('');
  // Before the next key comes.
  useLayoutEffect(() => {
    first.current?.focus();
    // Behind what was typed so far.
    first.current?.setSelectionRange(pasted.length, pasted.length);
  }, [pasted]);
  /** A token in the field of names would stand there for all to read. */
  const catchToken = (text: string) => {
    if (!text.trim().startsWith(TOKEN_PREFIX)) return;
    setPasted(text);
    setWay('token');
  };

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const field = (name: string) => {
      const value = fields.get(name);
      return typeof value === 'string' ? value : '';
    };
    setFault(undefined);
    setUnderWay(true);
    const outcome = await signIn(
      way === 'password'
        ? { name: field('name'), password: field('password') }
        : { token: field('token').trim() },
    );
    setUnderWay(false);
    if (outcome.ok) return;
    setFault(outcome.message || texts.unreachable);
    first.current?.focus();
  };

  return (
    <form onSubmit={(event) => void submit(event)}>
      <h1>{texts.title}</h1>
      {note === undefined ? <p class="quiet">{texts.intro}</p> : <p role="status">{note}</p>}
      <fieldset class="segments">
        <legend>{texts.way}</legend>
        {(['password', 'token'] as const).map((one) => (
          <label key={one}>
            <input type="radio" name="way" checked={way === one} onChange={() => setWay(one)} />
            <span>{one === 'password' ? texts.withPassword : texts.withToken}</span>
          </label>
        ))}
      </fieldset>
      {way === 'password' ? (
        <>
          <label class="field">
            <span>{texts.name}</span>
            <input
              ref={first}
              name="name"
              autocomplete="username"
              required
              autocapitalize="none"
              spellcheck={false}
              onInput={(event) => catchToken(event.currentTarget.value)}
            />
          </label>
          <label class="field">
            <span>{texts.password}</span>
            <input name="password" type="password" autocomplete="current-password" required />
          </label>
        </>
      ) : (
        <label class="field">
          <span>{texts.token}</span>
          <input
            ref={first}
            name="token"
            type="password"
            autocomplete="off"
            required
            spellcheck={false}
            defaultValue={pasted}
          />
        </label>
      )}
      <p class="fault" role="alert">
        {fault}
      </p>
      <button type="submit" class="primary" disabled={isUnderWay}>
        {isUnderWay ? texts.underWay : texts.submit}
      </button>
      {!isSecure && <p class="quiet">{texts.insecure}</p>}
    </form>
  );
}
