import fc from 'fast-check';
import { BOOTSTRAP_TOKEN } from '../support/service.js';
import { brokenHttpFindings, isRefusalOfTheConnection } from './answer-oracle.js';
import { fuzz, NO_HURRY_MS, report, requestsFor } from './fuzz-run.js';
import { FuzzTarget, ROOT_URL } from './fuzz-target.js';
import { RAW_SHAPES, type RawShape } from './raw-shapes.js';
import { Wire, type WireAnswer } from './wire.js';

/** Of all requests of a run. */
const SHARES = { shapes: 0.1, mutations: 0.05 };
/** How long after the last byte this side hangs up, where nobody can know whether more will come; milliseconds. */
const QUIET_MS = 400;

describe('Bytes that readers of HTTP understand differently', () => {
  let target: FuzzTarget;
  let conversations = 0;

  beforeAll(async () => {
    target = await FuzzTarget.start();
  }, 120_000);

  afterEach(async () => target.assertConsistent(), 60_000);

  afterAll(async () => {
    report('raw HTTP', target.statuses);
    await target.stop();
  });

  /** A request that would remove the license, in an administrator's name, if anybody took it for one. */
  function smuggled(tag: string): string {
    const body = JSON.stringify({ instance: ROOT_URL });
    return [
      'DELETE /api/licensing/token HTTP/1.1',
      'Host: localhost',
      `X-Request-Id: smuggled-${tag}`,
      `Authorization: Bearer ${BOOTSTRAP_TOKEN}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n');
  }

  const follower = (tag: string) =>
    [
      'GET /healthz HTTP/1.1',
      'Host: localhost',
      `X-Request-Id: follower-${tag}`,
      'Connection: close',
      '',
      '',
    ].join('\r\n');

  /**
   * Writes bytes, in two pieces, to a connection of its own, and reads every answer until it is closed.
   * @param split - where the first piece ends, between 0 and 1
   */
  async function converse(
    bytes: Buffer,
    split: number,
    toHead: boolean,
    quietMs: number,
  ): Promise<WireAnswer[]> {
    const wire = await Wire.open(target.service.url);
    try {
      const at = Math.floor(bytes.length * split);
      wire.write(bytes.subarray(0, at));
      if (at > 0) await new Promise((resolve) => setImmediate(resolve));
      wire.write(bytes.subarray(at));
      const answers: WireAnswer[] = [];
      for (;;) {
        const answer = await wire.answer(toHead && answers.length === 0, quietMs);
        if (answer === undefined) break;
        answers.push(answer);
        target.count(answer);
      }
      if (answers.length === 0) target.count({ status: 0 });
      return answers;
    } finally {
      wire.destroy();
    }
  }

  /** What holds for the answers to any bytes. */
  function findingsOfAny(answers: readonly WireAnswer[]): string[] {
    return answers.flatMap((answer, at) => {
      const found: string[] = [];
      if (at > 0 && answers[at - 1]?.headers.connection === 'close')
        found.push('an answer follows the last one');
      if (answer.status >= 500) found.push(`the status is ${answer.status}`);
      if (isRefusalOfTheConnection(answer)) {
        found.push(...brokenHttpFindings(answer));
      }
      if (answer.headers['cache-control'] !== 'no-store') found.push('a header of every answer is missing');
      if (answer.headers['x-request-id']?.startsWith('smuggled-'))
        found.push('the smuggled request was answered');
      if (answer.text.includes(BOOTSTRAP_TOKEN)) found.push('a secret was told');
      return found;
    });
  }

  function findingsOf({ outcome }: RawShape, tag: string, answers: readonly WireAnswer[]): string[] {
    const ids = answers.map(({ headers }) => headers['x-request-id'] ?? 'refusal');
    const own = ids.filter((id) => id !== `outer-${tag}` && id !== `follower-${tag}` && id !== 'refusal');
    const said = ids.join(', ');
    const found = findingsOfAny(answers);
    if (own.length > 0) found.push(`answers to nobody's request: ${said}`);
    if (ids.indexOf(`follower-${tag}`) > 1) found.push(`too many answers: ${said}`);
    if (outcome === 'refused' && said !== 'refusal') found.push(`not refused, but answered: ${said}`);
    if (outcome === 'cut' && said !== 'refusal' && said !== `outer-${tag}`)
      found.push(`neither refused nor cut: ${said}`);
    if (outcome === 'answered' && said !== `outer-${tag}, follower-${tag}`)
      found.push(`not one answer each: ${said}`);
    if (outcome === 'unfinished' && ids.includes(`follower-${tag}`))
      found.push(`a part of it was answered: ${said}`);
    if (
      outcome === 'either' &&
      !['refusal', `outer-${tag}`, `outer-${tag}, follower-${tag}`].includes(said)
    ) {
      found.push(`neither refused nor answered once: ${said}`);
    }
    return found;
  }

  /** @throws Error with what is wrong, what was sent and what came back */
  function complain(found: readonly string[], sent: Buffer, answers: readonly WireAnswer[]): void {
    if (found.length === 0) return;
    const bytes = JSON.stringify(sent.toString('latin1').slice(0, 3_000));
    throw new Error(`${found.join('; ')}\nsent ${bytes}\nanswered ${JSON.stringify(answers)}`);
  }

  async function hold(shape: RawShape, caller: string, split: number): Promise<void> {
    conversations += 1;
    const tag = String(conversations);
    const [authorization = ''] = target.caller(caller).authorization;
    const bytes = Buffer.from(
      shape.bytes({
        id: `X-Request-Id: outer-${tag}`,
        authorization: authorization === '' ? 'X-Nobody: 1' : `Authorization: ${authorization}`,
        smuggled: smuggled(tag),
      }) + follower(tag),
      'latin1',
    );
    const answers = await converse(bytes, split, shape.name.includes('"HEAD '), QUIET_MS);
    complain(
      findingsOf(shape, tag, answers).map((finding) => `${shape.name}: ${finding}`),
      bytes,
      answers,
    );
  }

  const callers = ['bootstrap', 'reader', 'a stranger'] as const;

  it.each(RAW_SHAPES)(
    'get one answer or a closed connection, and never let a second request through: $name',
    async (shape) => {
      for (const caller of callers) await hold(shape, caller, 0);
    },
    NO_HURRY_MS,
  );

  it(
    'get the same wherever the network cuts them',
    async () => {
      await fuzz(
        fc.tuple(
          fc.constantFrom(...RAW_SHAPES),
          fc.constantFrom(...callers),
          fc.double({ min: 0, max: 1, noNaN: true }),
        ),
        requestsFor(SHARES.shapes),
        async ([shape, caller, split]) => hold(shape, caller, split),
      );
    },
    NO_HURRY_MS,
  );

  it(
    'get a refusal or an answer of the contract when bytes of good requests were changed',
    async () => {
      const line = fc.constantFrom(
        'GET /api/licensing/check',
        'POST /api/licensing/token',
        'GET /healthz',
        'HEAD /readyz',
      );
      const edit = fc.tuple(
        fc.constantFrom('drop', 'put', 'set', 'double', 'line'),
        fc.nat(),
        fc.oneof(fc.constantFrom(...Buffer.from('\r\n\0 :,;/?#%\t\x7f\xff0-"', 'latin1')), fc.nat(255)),
      );
      await fuzz(
        fc.tuple(
          line,
          fc.constantFrom('', 'Content-Length: 2', 'Transfer-Encoding: chunked'),
          fc.array(edit, { minLength: 1, maxLength: 4 }),
        ),
        requestsFor(SHARES.mutations),
        async ([start, framing, edits]) => {
          const body = framing === '' ? '' : framing.startsWith('C') ? '{}' : '2\r\n{}\r\n0\r\n\r\n';
          const head = [
            `${start} HTTP/1.1`,
            'Host: localhost',
            ...(framing === '' ? [] : [framing]),
            '',
            body,
          ].join('\r\n');
          const bytes = edits.reduce<Buffer>(
            (before, [how, where, byte]) => {
              const at = where % before.length;
              if (how === 'line') {
                const from = before.lastIndexOf('\n', at) + 1;
                return Buffer.concat([before.subarray(0, at), before.subarray(from)]);
              }
              const put =
                how === 'drop' ? [] : how === 'double' ? [before[at] ?? 0, before[at] ?? 0] : [byte];
              const skipped = how === 'put' ? 0 : 1;
              return Buffer.concat([before.subarray(0, at), Buffer.from(put), before.subarray(at + skipped)]);
            },
            Buffer.from(head, 'latin1'),
          );
          const toHead = bytes.toString('latin1').startsWith('HEAD ');
          const answers = await converse(
            Buffer.concat([bytes, Buffer.from(follower('mutated'))]),
            0,
            toHead,
            QUIET_MS,
          );
          complain(findingsOfAny(answers), bytes, answers);
        },
      );
    },
    NO_HURRY_MS,
  );
});
