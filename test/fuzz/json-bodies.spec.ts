import fc from 'fast-check';
import { openApi, operations } from '../support/openapi.js';
import { FuzzRequest } from './fuzz-request.js';
import { fuzz, NO_HURRY_MS, report, requestsFor } from './fuzz-run.js';
import { FuzzTarget } from './fuzz-target.js';
import { isJsonElsewhere, JSON_TEXTS, type JsonText } from './json-corpus.js';
import { damagedBytes } from './operation-requests.js';
import type { WireAnswer } from './wire.js';

/** Of all requests of a run. */
const SHARE = 0.15;
const MAX_BODY_BYTES = 64 * 1024;

const WITH_BODY = operations().filter(
  ({ method, path }) => openApi.paths[path]?.[method.toLowerCase() as 'post']?.requestBody !== undefined,
);

/** A text as the value of a member: what is no JSON by itself is none there either. */
function asMember({ name, bytes, verdict }: JsonText): JsonText {
  const wrapped = Buffer.concat([Buffer.from('{"name":'), bytes, Buffer.from('}')]);
  return { name: `${name}, as a member`, bytes: wrapped, verdict };
}

const DOCUMENTS = JSON_TEXTS.flatMap((text) => [text, asMember(text)]);

describe('The texts for readers of JSON', () => {
  it.each(DOCUMENTS)('say of $name what another reader says', ({ bytes, verdict }) => {
    expect(isJsonElsewhere(bytes)).toBe(verdict !== 'not-json');
  });
});

describe('Bodies that are JSON, or hardly', () => {
  let target: FuzzTarget;
  let accountId: number;
  let tokenId: number;

  beforeAll(async () => {
    target = await FuzzTarget.start();
  }, 120_000);

  beforeEach(async () => {
    const victim = await target.victim();
    accountId = victim.id;
    tokenId = victim.tokenIds[0] ?? 0;
  });

  afterEach(async () => target.assertConsistent(), 60_000);

  afterAll(async () => {
    report('bodies of JSON', target.statuses);
    await target.stop();
  });

  const send = async (operation: (typeof WITH_BODY)[number], body: Uint8Array, chunked = false) => {
    const path = operation.path
      .replace('{id}', String(accountId))
      .replace('{tokenId}', String(tokenId))
      .replace('{roleUid}', 'basic_grafana_admin')
      .replace('{uid}', 'basic_grafana_admin');
    // As our page sends it, which alone can sign in.
    const headers = [
      ['Content-Type', 'application/json'],
      ['Origin', 'http://localhost'],
    ] as const;
    return target.exchange(
      new FuzzRequest(operation.method, path, target.caller('bootstrap'), headers, body, chunked),
    );
  };

  /** Why the reader of JSON refused a body; undefined when it took it. */
  const refusal = ({ status, text }: WireAnswer): string | undefined => {
    if (status !== 400) return undefined;
    const { messageId, error = '' } = JSON.parse(text) as { messageId: string; error?: string };
    return messageId === 'bad-request'
      ? /^the body is not acceptable JSON: (.+)$/.exec(error)?.[1]
      : undefined;
  };

  it.each(WITH_BODY)(
    'of $method $path are read as RFC 8259 and the contract say: every class of text',
    async (operation) => {
      // All of them where there is most to reach, and a part of them everywhere else: one reader reads every body.
      const place = WITH_BODY.indexOf(operation);
      const documents = DOCUMENTS.filter(
        (_, at) => operation.operationId === 'createServiceAccount' || at % WITH_BODY.length === place,
      );
      // A sign-in is read before its caller is known, and so is shorter.
      const most = operation.operationId === 'signIn' ? 16 * 1024 : Infinity;
      for (const { name, bytes, verdict } of documents.filter((one) => one.bytes.length <= most)) {
        const answer = await send(operation, bytes);
        const why = refusal(answer);
        if ((why === undefined) !== (verdict === 'json')) {
          throw new Error(`${name} is ${verdict}, and was answered ${answer.status} ${answer.text}`);
        }
      }
    },
    NO_HURRY_MS,
  );

  it(
    'are refused whenever another reader refuses them, and for no reason but the contract when it does not',
    async () => {
      const written = fc.oneof(
        fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text)),
        fc.constantFrom(...DOCUMENTS.filter(({ bytes }) => bytes.length < 2_000).map(({ bytes }) => bytes)),
        fc
          .record({ name: fc.string({ unit: 'binary' }), isDisabled: fc.boolean(), more: fc.jsonValue() })
          .map((value) => Buffer.from(JSON.stringify(value))),
      );
      const bodies = fc.oneof(written, damagedBytes(written));
      const sent = requestsFor(SHARE) - 2 * DOCUMENTS.length;
      await fuzz(
        fc.tuple(fc.constantFrom(...WITH_BODY), bodies, fc.boolean()),
        sent,
        async ([operation, body, chunked]) => {
          if (body.length === 0 || body.length > MAX_BODY_BYTES) return;
          const why = refusal(await send(operation, body, chunked));
          if (isJsonElsewhere(body)) {
            expect([
              undefined,
              'it has a duplicate member',
              'it is nested too deeply',
              'it has a number that is too large',
            ]).toContain(why);
          } else {
            expect(why).toBeDefined();
          }
        },
      );
    },
    NO_HURRY_MS,
  );

  it('nested 600,000 deep are too large for every route, and harm nobody', async () => {
    for (const operation of WITH_BODY) {
      for (const text of [
        '['.repeat(600_000),
        '{"a":'.repeat(600_000),
        `${'['.repeat(300_000)}${']'.repeat(300_000)}`,
      ]) {
        for (const chunked of [false, true]) {
          expect((await send(operation, Buffer.from(text), chunked)).status).toBe(413);
        }
      }
    }
  });
});
