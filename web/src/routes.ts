/** A view of the page, and the actions of which a caller needs one to see it. None: every caller sees it. */
export interface View {
  readonly id: ViewId;
  readonly needs: readonly string[];
}

export type ViewId = 'overview' | 'license' | 'access' | 'audit';

/** In the order of the navigation. The first one that the caller may see is shown first. */
export const VIEWS: readonly View[] = [
  { id: 'overview', needs: ['licensing:read'] },
  { id: 'license', needs: ['licensing:read'] },
  { id: 'access', needs: ['serviceaccounts:read'] },
  { id: 'audit', needs: ['audit:read'] },
];

/** @param actions - of the caller */
export function visibleViews(actions: readonly string[]): readonly View[] {
  return VIEWS.filter(({ needs }) => needs.length === 0 || needs.some((action) => actions.includes(action)));
}

/** The address of a view, as a fragment: the server sees no address but that of the page. */
export function hrefOf(id: ViewId): string {
  return `#/${id}`;
}

/**
 * The view that a fragment names, if the caller may see it; else the first one that they may see.
 * @returns undefined where there is none for these actions
 */
export function viewAt(hash: string, actions: readonly string[]): ViewId | undefined {
  const visible = visibleViews(actions);
  const [, id = ''] = /^#\/([a-z-]+)/.exec(hash) ?? [];
  return (visible.find((view) => view.id === id) ?? visible[0])?.id;
}

/**
 * The code of a one-time sign-in link.
 * @param hash - the fragment of the address: `#link=…`
 */
export function linkCode(hash: string): string | undefined {
  const [, code] = /^#link=([A-Za-z0-9_-]{1,200})$/.exec(hash) ?? [];
  return code;
}
