import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useReader } from '../reader.js';
import { hrefOf, viewAt, type ViewId, visibleViews } from '../routes.js';
import { TEXTS } from '../texts.js';
import { Access } from '../views/access.js';
import { Audit } from '../views/audit.js';
import { License } from '../views/license.js';
import { Overview } from '../views/overview.js';
import { Logo } from './logo.js';

const { frame: texts } = TEXTS;

const VIEW_COMPONENTS: Readonly<Record<ViewId, ComponentType>> = {
  overview: Overview,
  license: License,
  access: Access,
  audit: Audit,
};

export interface FrameProps {
  readonly isUtc: boolean;
  readonly setUtc: (isUtc: boolean) => void;
  /** Whether what the caller typed is in memory alone, as there is no encryption. */
  readonly isInMemory: boolean;
  readonly signOut: () => Promise<void>;
}

/** What surrounds the views: navigation, who is signed in, and how times are shown. */
export function Frame({ isUtc, setUtc, isInMemory, signOut }: FrameProps) {
  const { session } = useReader();
  const views = visibleViews(session.actions);
  const view = useView(session.actions);
  const Shown = view === undefined ? undefined : VIEW_COMPONENTS[view];
  useEffect(() => {
    document.title = view === undefined ? TEXTS.product : `${TEXTS.views[view]} – ${TEXTS.product}`;
  }, [view]);

  return (
    <>
      <a
        class="skip"
        href="#content"
        onClick={(event) => {
          // The fragment is the address of the view: it must stay.
          event.preventDefault();
          document.getElementById('content')?.focus();
        }}
      >
        {TEXTS.skip}
      </a>
      <header class="top">
        <a class="brand" href={hrefOf('overview')}>
          <Logo />
          <span>{TEXTS.product}</span>
        </a>
        <nav aria-label={texts.navigation}>
          <ul>
            {views.map(({ id }) => (
              <li key={id}>
                <a href={hrefOf(id)} aria-current={id === view ? 'page' : undefined}>
                  {TEXTS.views[id]}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div class="caller">
          <span class="caller-name" title={texts.signedInAs(session.caller.name)}>
            {session.caller.name}
          </span>
          <button type="button" class="plain" onClick={() => void signOut()}>
            {texts.signOut}
          </button>
        </div>
      </header>
      {isInMemory && <p class="banner">{texts.insecure}</p>}
      <main id="content" tabIndex={-1}>
        {Shown === undefined ? <p class="card">{texts.nothing}</p> : <Shown />}
      </main>
      <footer class="bottom">
        <label class="switch">
          <input
            type="checkbox"
            role="switch"
            checked={isUtc}
            onChange={(event) => setUtc(event.currentTarget.checked)}
          />
          <span>{TEXTS.times.inUtc}</span>
        </label>
      </footer>
    </>
  );
}

/** The view of the address, and of every later one. */
function useView(actions: readonly string[]): ViewId | undefined {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const onHash = () => setHash(location.hash);
    addEventListener('hashchange', onHash);
    return () => removeEventListener('hashchange', onHash);
  }, []);
  return viewAt(hash, actions);
}
