import { jest } from '@jest/globals';
import { commandBlocks } from '../support/command-blocks.js';
import { isolation, Terminal } from '../support/terminal.js';

// Each command is a start of a program on an embedded database; a busy machine takes seconds for one.
jest.setTimeout(600_000);

const isolated = isolation();
const where = isolated
  ? 'in a network namespace without a way out'
  : 'NOT isolated: unshare is not permitted here';

describe(`docs/air-gap.md, ${where}`, () => {
  let terminal: Terminal;

  beforeAll(async () => {
    terminal = await Terminal.open(isolated ? { isolated } : {});
  });

  afterAll(async () => terminal.close());

  (isolated ? it : it.skip)('has no way out', async () => {
    const { status, output } = await terminal.paste('curl -sS -m 5 http://192.0.2.1/');
    expect([status, output]).toEqual([7, expect.stringContaining('connect')]);
  });

  it.each(['', ', a second time too'])('is what its commands do%s', async (time) => {
    if (time !== '') await terminal.stop();
    const outputs = [];
    for (const { text } of commandBlocks('docs/air-gap.md')) {
      const { status, output } = await terminal.paste(text);
      expect({ text, status, output }).toMatchObject({ status: 0 });
      outputs.push(output);
    }
    const [, , start, asked, , renewed] = outputs as [string, string, string, string, string, string];
    expect(start).toContain('The configuration is fine.');
    const [check, explanation] = [asked.slice(0, 5), parsed(asked.slice(5))];
    expect(check).toBe('true\n');
    const { exp } = explanation.sources.find(({ source }: { source: string }) => source === 'file');
    expect(explanation).toMatchObject({
      answer: true,
      decidedBy: { source: 'file' },
      nextChange: { at: exp },
    });
    expect(explanation.at + 364 * 86_400).toBeLessThan(exp);
    const token = parsed(renewed);
    expect([token.status, token.exp, token.lexp]).toEqual([1, exp + 365 * 86_400, exp + 365 * 86_400]);
    // Nothing is missing: no key set, no renewal. (Both programs warn of what is in clear.)
    expect(
      terminal.logs.match(
        /^.*"level":[4-6]0,(?!.*"context":"SigningKeys")(?!.*license tokens are stored in clear).*$/gm,
      ),
    ).toBeNull();
  });
});

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the test looks into it as it pleases
function parsed(output: string): any {
  return JSON.parse(output) as unknown;
}
