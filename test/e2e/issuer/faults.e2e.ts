import { FAULTS } from '../../support/fake-issuer/faults.js';
import type { Fault } from '../../support/fake-issuer/faults/fault.js';
import { sampled } from '../../support/gear.js';
import { newLid } from '../../support/tokens.js';
import { outcome, Stage } from '../licensing/stage.js';

/** Of a whole call to the issuer, milliseconds: what does not answer is waited for that long. */
const DEADLINE_MS = 800;
/** More than the longest pause that an issuer gets and than the least time between two fetches of keys, milliseconds. */
const LONG_MS = 3_601_000;
/** An answer comes after the deadline and some work at the latest: nothing hangs, however busy the machine. */
const IN_TIME_MS = 10_000;

/** What only a rehearsal, or only a renewal, can be answered with: of every other fault both say the same. */
const REHEARSED: Readonly<Record<string, string>> = {
  'answers a rehearsal': 'ready',
  'refuses with its answer to a rehearsal': 'unsupported',
};

/** Families that differ with what is below HTTP; the others need no second look. */
const OF_THE_LINE = ['latency', 'cut', 'protocol', 'sizes'];

it('knows a hundred faults and more, each with a name of its own', () => {
  expect(FAULTS.length).toBeGreaterThanOrEqual(100);
  expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
});

describe.each<[string, boolean, readonly Fault[]]>([
  ['https', true, sampled('faults over https', FAULTS, 40)],
  [
    'http',
    false,
    sampled(
      'faults over http',
      FAULTS.filter(({ family }) => OF_THE_LINE.includes(family)),
      15,
    ),
  ],
])('A renewal by an issuer over %s', (_, tls, faults) => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open({ ISSUER_TIMEOUT_MS: String(DEADLINE_MS) }, { tls });
    // Each test renews it once, a second further: from long ago, so that none is of the future.
    const [iat, exp] = [stage.now - 50_000, stage.now + 200 * 86_400];
    await stage.install({ lid: newLid(), iat, exp });
  });

  /** Beyond every pause, and back: claims are of the real time. */
  const endPauses = async () => {
    stage.service.clock.advance(LONG_MS);
    stage.service.clock.set(Date.now());
    await stage.change('UPDATE renewal_state SET not_before = NULL');
  };
  const answerOf = ({ status, body }: Awaited<ReturnType<Stage['renew']>>) => {
    const { messageId, message, error } = body;
    return { status, messageId, message, error };
  };

  afterEach(async () => {
    stage.issuer.heal();
    await endPauses();
    expect(outcome(await stage.renew())).toEqual([200, undefined]);
  });

  afterAll(async () => {
    await stage.close();
  });

  it.each(faults.map((fault) => [fault.name, fault] as const))(
    'that %s comes to nothing, as its rehearsal does, says why and takes nothing away',
    async (_name, fault) => {
      if (fault.hits === 'keys') stage.issuer.rotate(false);
      const row = await stage.row();
      stage.issuer.inflict(fault);
      const begin = performance.now();
      const reply = await stage.renew();
      const took = performance.now() - begin;
      const { status, messageId, cause } = fault.expected;
      const report = (await stage.service.get('/api/licensing/renewal')).body;
      expect({ status: reply.status, messageId: reply.body.messageId, cause: report.cause }).toEqual({
        status,
        messageId,
        cause,
      });
      expect(took).toBeLessThan(IN_TIME_MS);
      const { message, error: reason } = reply.body;
      const reported = reason === undefined ? message : `${message} Reason: ${reason}`;
      expect(report).toMatchObject({ outcome: messageId, message: reported, failures: 1 });
      await endPauses();
      const rehearsal = await stage.service.post('/api/licensing/renewal/rehearse', {});
      // Of the keys that a token is verified with it cannot know: it gets no token.
      const said = REHEARSED[fault.name] ?? (fault.hits === 'keys' ? 'ready' : undefined);
      if (said === undefined) expect(answerOf(rehearsal)).toEqual(answerOf(reply));
      else expect([rehearsal.status, rehearsal.body.outcome]).toEqual([200, said]);
      expect(await stage.row()).toBe(row);
      expect(await stage.verdict()).toEqual([true, 1]);
      expect(stage.issuer.requests.map(({ path }) => path)).not.toContain('/elsewhere');
    },
  );
});
