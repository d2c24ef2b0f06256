import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../scripts/check-prose.mjs', import.meta.url));

describe('The prose check', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'licentia-prose-'));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  /** What it says of a file with this text: a line for each fault, without the directory. */
  function check(name: string, text: string): { status: number | null; faults: string[] } {
    const path = join(directory, name);
    writeFileSync(path, text);
    const { status, stdout } = spawnSync(process.execPath, [SCRIPT, path], { encoding: 'utf8' });
    return { status, faults: stdout.replaceAll(`${directory}/`, '').trim().split('\n').slice(0, -1) };
  }

  it.each([
    ['Whoever asks gets it.', '“Whoever”', 'the role'],
    ['It works whatever happens.', '“whatever”', 'regardless'],
    ['Somebody has to look.', '“Somebody”', 'the role'],
    ['It stays for ever.', '“for ever”', 'permanently'],
    ['A licence is a file.', '“licence”', '"license"'],
    ['Its behaviour differs.', '“behaviour”', '"behavior"'],
    ['It is synchronised.', '“synchronised”', '-ize'],
    ['The license that counts is new.', '“The license that counts”', 'the active license'],
    ['He calls it.', '“He”', 'they'],
  ])('refuses "%s" and says what to write', (text, found, instead) => {
    const { status, faults } = check('a.md', `# A title\n\nA line.\n${text}\n`);
    expect(status).toBe(1);
    expect(faults).toEqual([expect.stringMatching(/^a\.md:4: /)]);
    expect(faults[0]).toContain(found);
    expect(faults[0]).toContain(instead);
  });

  it('leaves alone what is quoted, code or a link', () => {
    const text = [
      'The log says "licence whatever", `whoever` and “somebody”; see [it](whatever.md).',
      '',
      '```sh',
      'whoever --licence',
      '```',
      '',
    ].join('\n');
    expect(check('a.md', text)).toEqual({ status: 0, faults: [] });
  });

  it('leaves alone American spellings and words that only look alike', () => {
    const text =
      'The color, the license, an organization, a promise, an exercise, raised, the center, canceled.\n';
    expect(check('a.md', text)).toEqual({ status: 0, faults: [] });
  });

  it('refuses a sentence that is too long, by the line on which it begins', () => {
    const words = (count: number) => `Word${' word'.repeat(count - 1)}.`;
    expect(check('a.md', `A line.\n${words(MAX_SENTENCE)} ${words(MAX_SENTENCE)}\n`).faults).toEqual([]);
    const { faults } = check('a.md', `A line.\n\nShort. ${words(MAX_SENTENCE + 1)}\n`);
    expect(faults).toEqual([
      expect.stringMatching(new RegExp(`^a\\.md:3: “Word word .* has ${MAX_SENTENCE + 1} words`)),
    ]);
  });

  it('counts items of a list and cells of a table each for itself', () => {
    const part = 'word '.repeat(MAX_SENTENCE - 1);
    expect(
      check('a.md', `- ${part}\n- ${part}\n\n| ${part} | ${part} |\n| ${part} | ${part} |\n`).faults,
    ).toEqual([]);
  });

  it('reads the comments of a source, and not its code', () => {
    const source = [
      "const whoever = 'licence'; // a value",
      '/** What somebody needs. */',
      '// for ever',
      'const a = 1;',
      '/**',
      ' * A name.',
      ' * Its behaviour.',
      ' */',
      '',
    ].join('\n');
    expect(check('a.ts', source).faults).toEqual([
      expect.stringMatching(/^a\.ts:2: “somebody”/),
      expect.stringMatching(/^a\.ts:3: “for ever”/),
      expect.stringMatching(/^a\.ts:7: “behaviour”/),
    ]);
  });

  it('reads the titles of tests, behind a table too, and nothing else of a test', () => {
    const test = [
      "describe('Somebody', () => {",
      '  // whoever reads this',
      "  it('takes `whatever` there is', () => {",
      "  it('lasts for ever', async () => {",
      "  ])('is for everybody: %s', (text) => {",
      "    expect('licence').toBe(text);",
      '',
    ].join('\n');
    for (const name of ['a.spec.ts', 'a.e2e.ts'])
      expect(check(name, test).faults).toEqual([
        expect.stringContaining(`${name}:1: “Somebody”`),
        expect.stringContaining(`${name}:4: “for ever”`),
        expect.stringContaining(`${name}:5: “everybody”`),
      ]);
  });

  it('refuses comments that are too long, and lines that are too wide', () => {
    const comment = (lines: number) => `${'// A line.\n'.repeat(lines)}const a = 1;\n`;
    expect(check('a.ts', comment(MAX_COMMENT_LINES)).faults).toEqual([]);
    expect(check('a.ts', comment(MAX_COMMENT_LINES + 1)).faults).toEqual([
      expect.stringMatching(/^a\.ts:1: a comment of \d+ lines: .*decision record/),
    ]);
    const wide = (width: number) => `const a = 1;\n// ${'x'.repeat(width - 3)}\n`;
    expect(check('a.ts', wide(MAX_COMMENT_WIDTH)).faults).toEqual([]);
    expect(check('a.ts', wide(MAX_COMMENT_WIDTH + 1)).faults).toEqual([
      expect.stringMatching(new RegExp(`^a\\.ts:2: .* ${MAX_COMMENT_WIDTH + 1} characters`)),
    ]);
  });
});

/** As in the script. */
const MAX_SENTENCE = 45;
const MAX_COMMENT_LINES = 8;
const MAX_COMMENT_WIDTH = 120;
