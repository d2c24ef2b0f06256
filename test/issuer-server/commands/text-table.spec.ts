import { textTable } from '../../../src/issuer-server/commands/text-table.js';

describe('A table for a terminal', () => {
  it('shows a question mark for each invisible character, so that none reorders or hides what stands beside it', () => {
    const lines = [
      ['LICENSE', 'COMPANY'],
      ['1', 'a\u001b[2Jb'],
      ['2', 'a\u202eb\u200bc\u{1d159}'],
    ];
    expect(textTable(lines)).toBe('LICENSE  COMPANY\n1        a?[2Jb\n2        a?b?c?\n');
  });
});
