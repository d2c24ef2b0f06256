import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { Activity } from './activity.js';
import { Frame } from './components/frame.js';
import { SignIn } from './components/sign-in.js';
import { ReaderProvider } from './reader.js';
import { linkCode } from './routes.js';
import {
  createService,
  currentSession,
  type Access,
  type Session,
  signIn,
  signOut,
  type SignedIn,
} from './service.js';
import { TEXTS } from './texts.js';

/** Where the page is: looking for a session, signed out, or showing views to a caller. */
type Standing =
  | { readonly kind: 'starting'; readonly byLink: boolean }
  | { readonly kind: 'signed-out'; readonly note?: string | undefined }
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'signed-in'; readonly session: Session; readonly access: Access };

/** The page. It has an address of its own for each view, and none for what a caller typed. */
export function App() {
  const page = location.href.replace(/[?#].*$/, '');
  const activity = useMemo(() => new Activity(document), []);
  const [standing, stand] = useState<Standing>({ kind: 'starting', byLink: false });
  const [isUtc, setUtc] = useState(false);

  const start = useCallback(async () => {
    const link = linkCode(location.hash);
    stand({ kind: 'starting', byLink: link !== undefined });
    if (link !== undefined) {
      // Out of the address and the history of the browser before anything else happens.
      history.replaceState(null, '', location.pathname);
      if (!isSecureContext) return stand({ kind: 'signed-out', note: TEXTS.signIn.linkNeedsTls });
      const outcome = await signIn(page, { link }, isSecureContext);
      if (outcome.ok || outcome.status === undefined) return stand(standingAfter(outcome));
      // A link that was used before, in a browser that is still signed in.
      const before = await currentSession(page);
      return stand(before.ok ? standingAfter(before) : { kind: 'signed-out', note: TEXTS.signIn.linkFailed });
    }
    stand(isSecureContext ? standingAfter(await currentSession(page)) : { kind: 'signed-out' });
  }, [page]);
  useEffect(() => void start(), [start]);
  // A link that is opened in a tab that has the page already changes the fragment alone.
  useEffect(() => {
    const onHash = () => {
      if (linkCode(location.hash) !== undefined) void start();
    };
    addEventListener('hashchange', onHash);
    return () => removeEventListener('hashchange', onHash);
  }, [start]);

  const access = standing.kind === 'signed-in' ? standing.access : undefined;
  const service = useMemo(
    () => (access === undefined ? undefined : createService(page, access, activity)),
    [page, access, activity],
  );

  if (standing.kind !== 'signed-in' || service === undefined) {
    return (
      <SignIn
        state={standing.kind === 'signed-in' ? { kind: 'starting', byLink: false } : standing}
        isSecure={isSecureContext}
        retry={() => void start()}
        signIn={async (request) => {
          const outcome = await signIn(page, request, isSecureContext);
          if (outcome.ok) stand(standingAfter(outcome));
          return outcome;
        }}
      />
    );
  }
  const { session } = standing;
  return (
    <ReaderProvider
      value={{
        service,
        session,
        isUtc,
        may: (action) => session.actions.includes(action),
        signedOut: () => stand({ kind: 'signed-out', note: TEXTS.signIn.ended }),
      }}
    >
      <Frame
        isUtc={isUtc}
        setUtc={setUtc}
        isInMemory={standing.access.kind !== 'session'}
        signOut={async () => {
          await signOut(page, standing.access);
          stand({ kind: 'signed-out', note: TEXTS.signIn.signedOut });
        }}
      />
    </ReaderProvider>
  );
}

function standingAfter(outcome: SignedIn): Standing {
  if (outcome.ok) return { kind: 'signed-in', session: outcome.session, access: outcome.access };
  return outcome.status === 401 ? { kind: 'signed-out' } : { kind: 'unreachable' };
}
