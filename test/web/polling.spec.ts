import { afterRead, NOTHING_READ, type Polled } from '../../web/src/polling.js';

const FAILURE = { code: 'client.unreachable', message: 'The service cannot be reached.' } as never;

describe('what is known from repeated reads', () => {
  it('is what was read last, and when', () => {
    expect(afterRead(NOTHING_READ, { ok: true, value: 7 }, 100)).toEqual({
      value: 7,
      readAt: 100,
      failure: undefined,
    });
  });

  it('keeps its value and its age while reads fail', () => {
    const known: Polled<number> = { value: 7, readAt: 100, failure: undefined };
    expect(afterRead(known, { ok: false, failure: FAILURE }, 160)).toEqual({
      value: 7,
      readAt: 100,
      failure: FAILURE,
    });
  });

  it('forgets the failure with the next success', () => {
    const known: Polled<number> = { value: 7, readAt: 100, failure: FAILURE };
    expect(afterRead(known, { ok: true, value: 8 }, 170)).toEqual({
      value: 8,
      readAt: 170,
      failure: undefined,
    });
  });
});
