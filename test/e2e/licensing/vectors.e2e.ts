import { fileURLToPath } from 'node:url';
import { sampled } from '../../support/gear.js';
import { type Vector, vectorFiles as allFiles, vectorInstance } from '../../support/vectors.js';
import { outcome, Stage, TOKEN } from './stage.js';

/** A first write on a cold database can take its time; the whole of a class is one test. */
const PATIENCE = 240_000;
/** Of each class in the quick gear: test/vectors judges all of them by the rules alone. */
const SAMPLE = 10;
const vectorFiles = allFiles.map((file) => ({ ...file, vectors: sampled(file.class, file.vectors, SAMPLE) }));

describe('A published vector', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open({
      ISSUER_ID: vectorInstance.issuer,
      ISSUER_JWKS_PATH: fileURLToPath(new URL('../../../vectors/jwks.json', import.meta.url)),
      ROOT_URL: vectorInstance.rootUrl,
      LICENSE_PRODUCTS: vectorInstance.products.join(','),
    });
  }, PATIENCE);

  afterAll(async () => {
    await stage.close();
  });

  it.each(vectorFiles)(
    '$class: an upload gets the published answer, and what is refused is not stored',
    async ({ vectors }) => {
      await remove();
      const wrong: string[] = [];
      const empty = await stage.row();
      for (const vector of vectors) {
        const expected = vector.verdict === 'accept' ? [200, undefined] : [400, vector.code];
        stage.service.clock.hold(vector.now * 1000);
        const answer = outcome(await stage.upload(vector.token));
        note(wrong, vector, answer, expected);
        if (answer[0] === 200) {
          note(wrong, vector, (await stage.license()).token, vector.token);
          await remove();
        }
      }
      const after = await stage.row();
      if (vectors.every(({ verdict }) => verdict === 'reject')) expect(after).toBe(empty);
      expect(wrong).toEqual([]);
    },
    PATIENCE,
  );

  it.each(vectorFiles)(
    "$class: as the issuer's answer it is stored or refused, and a refused one changes nothing",
    async ({ vectors }) => {
      const wrong: string[] = [];
      let before = await store();
      for (const vector of vectors) {
        const successor = vector.verdict === 'accept' && !vector.flags.includes('other-license');
        stage.service.clock.hold(vector.now * 1000);
        stage.issuer.answerRenewals({ status: 200, body: { token: vector.token } });
        const answer = outcome(await stage.renew());
        note(wrong, vector, answer, successor ? [200, undefined] : [502, 'issuer.bad-response']);
        if (successor) {
          note(wrong, vector, (await stage.license()).token, vector.token);
          before = await store();
        } else {
          const after = await stage.row();
          note(wrong, vector, after, before);
          if (after !== before) before = await store();
        }
      }
      expect(wrong).toEqual([]);
    },
    PATIENCE,
  );

  async function remove(): Promise<void> {
    const reply = await stage.service.delete(TOKEN, { instance: vectorInstance.rootUrl });
    expect(reply.status).toBe(202);
  }

  /** The old token of the same license takes the place of what is stored. @returns the license's row */
  async function store(): Promise<string> {
    await remove();
    expect(outcome(await stage.upload(vectorInstance.stored))).toEqual([200, undefined]);
    return stage.row();
  }
});

function note(wrong: string[], { id }: Vector, real: unknown, expected: unknown): void {
  if (JSON.stringify(real) !== JSON.stringify(expected))
    wrong.push(`${id}: ${JSON.stringify(real)}, not ${JSON.stringify(expected)}`);
}
