import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  ExplainedSource,
  ExplanationResponse,
  TimelineResponse,
} from '../../../src/licensing/explain/explanation.response.js';
import { SnapshotService } from '../../../src/snapshot/snapshot.service.js';
import { TestService } from '../../support/service.js';
import { newLid } from '../../support/tokens.js';
import { CHECK, outcome, shareStage, Stage, TOKEN, until } from './stage.js';

const EXPLAIN = '/api/licensing/check/explain';
const TIMELINE = '/api/licensing/timeline';
const RULES = ['signature', 'iss', 'sub', 'nbf', 'iat', 'lexp', 'exp', 'revocation', 'prod'];
const LATEST = 253_402_300_799;

describe('the explanation of the check', () => {
  let stage: Stage;
  let directory: string;
  let path: string;
  shareStage((shared) => (stage = shared));

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-explain-'));
    path = join(directory, 'license.jwt');
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  /** Stops the clock, so that a whole test is about one second. @returns it, Unix seconds */
  const hold = (seconds = Math.floor(Date.now() / 1000)) => {
    stage.service.clock.hold(seconds * 1000);
    return seconds;
  };
  const explained = async (query = ''): Promise<ExplanationResponse> => {
    const reply = await stage.service.get(`${EXPLAIN}${query}`);
    expect([reply.status, query]).toEqual([200, query]);
    return reply.body as ExplanationResponse;
  };
  const timeline = async () => (await stage.service.get(TIMELINE)).body as TimelineResponse;
  const put = async (content: string) => {
    await writeFile(`${path}.new`, content);
    await rename(`${path}.new`, path);
  };
  const sourceOf = ({ sources }: ExplanationResponse, name: string): ExplainedSource => {
    const row = sources.find(({ source }) => source === name);
    if (row === undefined) throw new Error(`there is nothing about the source ${name}`);
    return row;
  };
  const verdictsOf = ({ rules }: ExplainedSource) =>
    Object.fromEntries(rules.map(({ rule, verdict }) => [rule, verdict]));
  const passedUntil = (failing: string, verdict = 'failed') =>
    Object.fromEntries(
      RULES.map((rule, index) => {
        const at = RULES.indexOf(failing);
        return [rule, index < at ? 'passed' : index === at ? verdict : 'not-reached'];
      }),
    );

  it('says of what waits for the keys that nobody could look at it yet', async () => {
    stage.issuer.answerKeySet({ status: 503 });
    // The service of before may have asked already, and would store the key set again.
    await stage.restart();
    await stage.change('DELETE FROM license_key');
    await stage.change('DELETE FROM key_set');
    await put(stage.issuer.token());
    await stage.restart({ LICENSE_PATH: path });
    const body = await explained();
    expect(body).toMatchObject({ answer: false, status: 2, code: 'issuer.unavailable', decidedBy: null });
    const row = sourceOf(body, 'file');
    expect(row.state).toBe('broken');
    expect(verdictsOf(row)).toEqual(passedUntil('signature', 'not-reached'));
    stage.issuer.answerKeySet();
    await until(async () => (await explained()).answer === true);
  });

  it('does not tell what went wrong inside', async () => {
    const fault = { code: 'internal-error', message: 'SELECT secret FROM inside' } as const;
    const snapshots = stage.service.running.application.nest.get(SnapshotService);
    snapshots.setLocal([{ source: 'file', licenses: [], fault }]);
    try {
      const { text } = await stage.service.get(EXPLAIN);
      expect(text + (await stage.service.get(TIMELINE)).text).not.toContain('inside');
      const row = sourceOf(await explained(), 'file');
      expect(row).toMatchObject({ state: 'broken', code: 'internal-error', reason: 'Internal server error' });
      expect(verdictsOf(row)).toEqual(passedUntil('signature', 'not-reached'));
    } finally {
      snapshots.setLocal([]);
    }
  });

  it.each([
    'at=',
    'at',
    'at=0',
    'at=-1',
    'at=01',
    'at=1e9',
    'at=1.0',
    'at=now',
    `at=${LATEST + 1}`,
    'at=5&at=5',
  ])('is refused with the query %s', async (query) => {
    expect(outcome(await stage.service.get(`${EXPLAIN}?${query}`))).toEqual([400, 'bad-request']);
  });

  it.each(['', '?', '?At=5', '?access_token=x', '?at[]=5', '?__proto__=5'])(
    'is of the present moment with the query %j, which does not name another',
    async (query) => {
      const now = hold();
      expect((await explained(query)).at).toBe(now);
    },
  );

  it('and the timeline never show the signed token, nor a part of it', async () => {
    const token = await stage.install({ lid: newLid() });
    for (const path of [EXPLAIN, TIMELINE]) {
      const { text } = await stage.service.get(path);
      for (const part of token.split('.')) expect(text).not.toContain(part);
    }
  });

  it('and the timeline come from memory: they are answered with the license locked', async () => {
    await stage.install({ lid: newLid() });
    const release = await stage.lockLicense();
    try {
      expect((await explained()).answer).toBe(true);
      expect((await timeline()).answer).toBe(true);
    } finally {
      await release();
    }
  });

  it('and the timeline cannot be had while the check cannot', async () => {
    const away = {
      location: { kind: 'postgres', url: '' },
      url: 'postgres://nobody@127.0.0.1:1/none',
    } as const;
    const service = await TestService.start({ ...away, drop: async () => undefined });
    try {
      for (const path of [CHECK, EXPLAIN, `${EXPLAIN}?at=5`, TIMELINE]) {
        expect([path, ...outcome(await service.get(path))]).toEqual([path, 503, 'database.unavailable']);
      }
    } finally {
      await service.stop();
    }
    const keys = join(directory, 'keys.json');
    await stage.install({ lid: newLid() });
    await stage.restart({ ISSUER_JWKS_PATH: keys });
    for (const path of [CHECK, EXPLAIN, `${EXPLAIN}?at=5`, TIMELINE]) {
      expect([path, ...outcome(await stage.service.get(path))]).toEqual([path, 503, 'issuer.unavailable']);
    }
  });

  it('foresees that a file forgets what it said before as soon as what it says is valid', async () => {
    const now = hold();
    await put(stage.issuer.token({ lid: 'before', iat: now - 10, exp: now + 900 }));
    await stage.restart({ LICENSE_PATH: path });
    hold(now);
    const [start, end] = [now + 290, now + 600];
    await put(stage.issuer.token({ lid: 'said', iat: now - 50, nbf: now + 300, exp: end }));
    await until(
      async () => (await explained()).sources.filter(({ source }) => source === 'file').length === 2,
    );
    const told = await timeline();
    expect(told.decidedBy?.lid).toBe('before');
    const decisions = told.transitions
      .filter(({ changes }) => changes.includes('decidedBy') || changes.includes('answer'))
      .map(({ at, answer, decidedBy }) => [at, answer, decidedBy?.lid]);
    expect(decisions).toEqual([
      [start, true, 'said'],
      [end, false, 'said'],
    ]);
    let present = now;
    const lidAt = async (moment: number) => {
      // Time passes by both clocks: a jump of one alone would keep the license before.
      stage.service.clock.advance((moment - present) * 1000);
      present = hold(moment);
      return [(await stage.service.get(CHECK)).body, (await stage.shown()).lid];
    };
    expect(await lidAt(start - 1)).toEqual([true, 'before']);
    expect(await lidAt(start)).toEqual([true, 'said']);
    const snapshots = stage.service.running.application.nest.get(SnapshotService);
    await until(() => snapshots.current?.local[0]?.licenses.length === 1);
    expect(await lidAt(end - 1)).toEqual([true, 'said']);
    expect(await lidAt(end)).toEqual([false, 'said']);
  });
});

describe('the timeline', () => {
  it('is for callers who may read the license, and no others', async () => {
    const stage = await Stage.open();
    try {
      const reader = await stage.service.caller('fixed_OADpuXvNEylO2Kelu3GIuBXEAYE');
      const other = await stage.service.caller('fixed_GkfG-1NSwEGb4hpK3-E3qHyNltc');
      for (const path of [EXPLAIN, TIMELINE]) {
        expect((await stage.service.get(path, { token: reader.token })).status).toBe(200);
        expect((await stage.service.get(path, { token: other.token })).status).toBe(403);
      }
      expect((await stage.service.get(TOKEN, { token: other.token })).status).toBe(403);
    } finally {
      await stage.close();
    }
  });
});
