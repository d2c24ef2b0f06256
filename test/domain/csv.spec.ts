import { csvLines } from '../../src/domain/csv.js';

describe('A cell of CSV', () => {
  it.each([
    ['plain text', 'ci', 'ci'],
    ['nothing', '', ''],
    ['a formula', '=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
    ['a plus', '+1', "'+1"],
    ['a minus', '-1', "'-1"],
    ['an at sign', '@SUM(A1)', "'@SUM(A1)"],
    ['a tab', '\t=1', "'\t=1"],
    ['a carriage return', '\r=1', `"'\r=1"`],
    ['a line feed', '\n=1', `"'\n=1"`],
    ['a wide equals sign', '＝1', "'＝1"],
    ['a formula after a blank', ' =1', "' =1"],
    ['a formula where a semicolon begins a cell', 'a;=1;b', `"a;'=1;b"`],
    ['formulas where semicolons and blanks begin cells', 'a; @b;;+1', `"a;' @b;;'+1"`],
    ['a formula where a tab begins a cell', 'a\t=1', "a\t'=1"],
    ['an equals sign later on', 'a=1', 'a=1'],
    ['a comma', 'a,b', '"a,b"'],
    ['a semicolon', 'a;b', '"a;b"'],
    ['a quotation mark', 'a"b', '"a""b"'],
    ['a line end', 'a\r\nb', '"a\r\nb"'],
  ])('with %s', (_, value, written) => {
    expect(csvLines([[value, 'z']])).toBe(`${written},z\r\n`);
  });
});
