import { createLogger } from '../../../src/http/logger.js';
import { Stage } from './stage.js';

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly answer?: boolean;
  readonly code?: string | null;
  readonly reason?: string;
  readonly source?: string | null;
  readonly lid?: string | null;
  readonly until?: string | null;
}

const WARN = 40;
const INFO = 30;

describe('The log of what the check answers', () => {
  const lines: Line[] = [];
  const logger = createLogger('info', { write: (line: string) => void lines.push(JSON.parse(line) as Line) });
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open();
    await stage.restart({}, logger);
  });

  afterAll(() => stage.close());

  it('says at the start that there is no license', async () => {
    expect(await logged(1)).toEqual([
      expect.objectContaining({ level: WARN, answer: false, reason: 'There is no license.', source: null }),
    ]);
  });

  it('says when a license is installed, and until when it counts', async () => {
    const exp = stage.now + 86_400;
    await stage.install({ lid: 'L-log', exp });
    const [, line] = await logged(2);
    expect(line).toMatchObject({ level: WARN, answer: true, source: 'database', lid: 'L-log' });
    expect(line?.until).toBe(new Date(exp * 1000).toISOString());
  });

  it('says at a start with a license what is licensed until when', async () => {
    lines.length = 0;
    await stage.restart({}, logger);
    expect(await logged(1)).toEqual([
      expect.objectContaining({ level: INFO, answer: true, source: 'database', lid: 'L-log' }),
    ]);
  });

  it('says once that the license has expired, and why', async () => {
    stage.service.clock.advance(2 * 86_400_000);
    const found = await logged(2);
    expect(found[1]).toMatchObject({ level: WARN, answer: false, code: 'license.expired', lid: 'L-log' });
    expect(found[1]?.reason).toContain('expired');
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await logged(2)).toHaveLength(2);
  });

  /** The lines about the answer, when there are so many. */
  async function logged(count: number): Promise<Line[]> {
    const answers = () => lines.filter(({ answer }) => answer !== undefined);
    while (answers().length < count) await new Promise((resolve) => setTimeout(resolve, 25));
    return answers();
  }
});
