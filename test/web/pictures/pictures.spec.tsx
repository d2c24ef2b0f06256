import type { ComponentChildren } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { GlancePanel } from '../../../web/src/components/glance-panel.js';
import { RenewalPicture } from '../../../web/src/pictures/renewal-picture.js';
import { SeatsPicture } from '../../../web/src/pictures/seats-picture.js';
import { TimelinePicture } from '../../../web/src/pictures/timeline-picture.js';
import { WhyPicture } from '../../../web/src/pictures/why-picture.js';
import { type Reader, ReaderProvider } from '../../../web/src/reader.js';
import { dayBefore } from '../../../web/src/seats-state.js';
import { EXPLANATION, LICENSED, NOW, SOURCE, UNLICENSED } from '../license-state.js';

/** What a caller with these actions sees, in UTC. */
function shown(children: ComponentChildren, actions: readonly string[] = ['licensing:read']): string {
  const reader: Reader = {
    // No call is made while a page is drawn once.
    service: {} as Reader['service'],
    session: {
      caller: { name: 'ada', kind: 'service-account' },
      actions,
      unlimited: false,
      expiresAt: null,
      idleExpiresAt: null,
    },
    isUtc: true,
    may: (action) => actions.includes(action),
    signedOut: () => undefined,
  };
  return renderToString(<ReaderProvider value={reader}>{children}</ReaderProvider>);
}

const text = (html: string) =>
  html
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();

describe('the five answers', () => {
  it('are questions with their answers, and moments in UTC', () => {
    const page = text(shown(<GlancePanel state={LICENSED} />));
    expect(page).toContain('Is it licensed? Licensed Your product asks the check, which answers true.');
    expect(page).toContain('Until when? 2 Dec 2026, 22:50 in 7 days');
  });
});

describe('the line of time', () => {
  const html = shown(<TimelinePicture state={LICENSED} />);

  it('has its facts as a table', () => {
    expect(html.match(/<tr /g)).toHaveLength(1 + 6);
    expect(text(html)).toContain(
      'The check turns false; Last moment for a renewal; The token expires (Database)',
    );
  });

  it('hides the drawing from screen readers, and gives them the moment as a value', () => {
    expect(html).toMatch(/<svg[^>]* aria-hidden="true"/);
    expect(html).toContain(
      'aria-valuetext="25 Nov 2026, 22:50: the check answers true. The license is valid.',
    );
  });

  it('says so where there is no license', () => {
    expect(text(shown(<TimelinePicture state={UNLICENSED} />))).toContain('nothing to draw');
  });
});

describe('renewal health', () => {
  const picture = <RenewalPicture state={LICENSED} reload={() => Promise.resolve()} />;

  it('says when the check turns false', () => {
    expect(text(shown(picture))).toContain(
      'If no renewal succeeds, the check turns false on 2 Dec 2026, 22:50 (in 7 days)',
    );
  });

  it.each<[string, readonly string[], number]>([
    ['no button to a reader', ['licensing:read'], 0],
    ['two to a caller who may write', ['licensing:read', 'licensing:write'], 2],
  ])('shows %s', (_, actions, count) => {
    expect(shown(picture, actions).match(/<button/g) ?? []).toHaveLength(count);
  });
});

describe('why', () => {
  it('lists the rules with what became of each', () => {
    const failed = {
      ...SOURCE,
      state: 'invalid' as const,
      reason: 'The license token has expired.',
      code: 'license.expired',
      rules: SOURCE.rules.map((rule) => ({
        ...rule,
        verdict:
          rule.rule === 'exp'
            ? ('failed' as const)
            : rule.rule === 'prod'
              ? ('not-reached' as const)
              : rule.verdict,
      })),
    };
    const page = text(
      shown(<WhyPicture explanation={{ ...EXPLANATION, answer: false, sources: [failed] }} />),
    );
    expect(page).toContain('End of the token failed');
    expect(page).toContain('Product not looked at');
    expect(page).toContain('What to do: Renew it, or install a newer token.');
  });
});

describe('seats', () => {
  const usage = {
    ...{ used: 0, limit: null, remaining: null, overage: 0, percent: null, forecast: null },
    pools: [{ name: 'all' as const, used: 0, limit: null, remaining: null, overage: 0, percent: null }],
    window: { kind: 'rolling-30d' as const, since: dayBefore(NOW, 30) },
    warning: { level: null, percent: null, of: null },
    measuredAt: NOW,
    age: 0,
  } as never;

  it('leave no empty box where nothing is counted', () => {
    expect(shown(<SeatsPicture state={{ usage, days: [], denials: [] }} />)).toBe('');
  });
});
