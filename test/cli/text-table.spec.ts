import { headedTable, namesAndValues } from '../../src/cli/text-table.js';

const asItIs = (line: string) => line;

describe('A table for a terminal', () => {
  it('shows a question mark for each invisible character, so that none reorders or hides what stands beside it', () => {
    const rows = [
      ['1', 'a\u001b[2Jb'],
      ['2', 'a\u202eb\u200bc\u{1d159}'],
    ];
    expect(headedTable(['LICENSE', 'COMPANY'], rows, 80, asItIs)).toBe(
      'LICENSE  COMPANY\n1        a?[2Jb\n2        a?b?c?\n',
    );
    const [name = '', value = ''] = ['a\u202eb', 'c\u200bd'];
    expect(namesAndValues([[name, value]], 80)).toBe('a?b  c?d\n');
    expect(namesAndValues([[name.repeat(5), value.repeat(9)]], 20)).toMatch(
      /^(?:a\?b){5}\n {2}(?:c\?d){9}\n$/,
    );
  });

  const RULES = [
    ['signature', 'passed', 'The token has its form, and the key verifies its signature.'],
    ['iss', 'failed', 'The license is by another issuer.'],
  ];

  it('breaks the last column at its blanks, below where it began', () => {
    expect(headedTable(['RULE', 'VERDICT', 'WHY'], RULES, 48, (head) => `*${head}`)).toBe(
      [
        '*RULE       VERDICT  WHY',
        'signature  passed   The token has its form, and',
        '                    the key verifies its',
        '                    signature.',
        'iss        failed   The license is by another',
        '                    issuer.',
        '',
      ].join('\n'),
    );
  });

  it('becomes names and values for each row where it is wider than the terminal', () => {
    expect(headedTable(['RULE', 'VERDICT', 'WHY'], RULES, 40, asItIs)).toBe(
      [
        'RULE     signature',
        'VERDICT  passed',
        'WHY      The token has its form, and the',
        '         key verifies its signature.',
        '',
        'RULE     iss',
        'VERDICT  failed',
        'WHY      The license is by another',
        '         issuer.',
        '',
      ].join('\n'),
    );
  });

  it('puts a value below a name that leaves it too little room', () => {
    const rows = [
      ['warning before a token expires, days', '2'],
      ['instance', 'http://localhost:4400/'],
    ];
    expect(namesAndValues(rows, 40)).toBe(
      'warning before a token expires, days\n  2\ninstance\n  http://localhost:4400/\n',
    );
    expect(namesAndValues(rows, 80).split('\n')).toHaveLength(3);
  });
});
