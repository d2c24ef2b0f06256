import { auditQuery, lastNumber, NO_FILTER } from '../../../web/src/audit/audit-filter.js';

describe('the filter of the audit log', () => {
  it('narrows nothing while nothing is typed', () => {
    expect(auditQuery({ ...NO_FILTER, actor: ' ' })).toEqual({});
  });

  it('takes moments in the zone of the reader, and the whole last minute', () => {
    const from = '2026-11-28T10:30';
    const at = new Date(2026, 10, 28, 10, 30).getTime() / 1_000;
    expect(auditQuery({ ...NO_FILTER, from, to: from })).toEqual({ from: at, to: at + 59 });
  });

  it('takes texts without blanks at their ends', () => {
    const typed = { ...NO_FILTER, actor: ' bootstrap ', action: 'license.', target: 'license:L-1' };
    expect(auditQuery(typed)).toEqual({ actor: 'bootstrap', action: 'license.', target: 'license:L-1' });
  });
});

describe('the number of the last line of an export', () => {
  it.each<[string, string | undefined]>([
    ['{"number":1}\n{"number":12}\n', '12'],
    ['{"number":7}', '7'],
    ['{}\n', undefined],
  ])('of %j is %j', (part, number) => {
    expect(lastNumber(part)).toBe(number);
  });
});
