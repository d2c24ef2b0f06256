import fc from 'fast-check';
import { openApi, operations } from '../support/openapi.js';
import { FuzzRequest } from './fuzz-request.js';
import { fuzz, NO_HURRY_MS, report, requestsFor } from './fuzz-run.js';
import { FuzzTarget } from './fuzz-target.js';
import { ALL_NAUGHTY_TEXT, percentEncoded } from './naughty-text.js';

/** Of all requests of a run. */
const SHARE = 0.1;

/** Places of a request that a text can be put into. */
const PLACES = ['member', 'name of a member', 'path', 'query', 'header', 'credentials'] as const;

describe('Texts that have broken something somewhere', () => {
  let target: FuzzTarget;

  beforeAll(async () => {
    target = await FuzzTarget.start();
  }, 120_000);

  afterEach(async () => target.assertConsistent(), 60_000);

  afterAll(async () => {
    report('naughty texts', target.statuses);
    await target.stop();
  });

  const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

  function requestWith(
    text: string,
    place: (typeof PLACES)[number],
    operation: (typeof OPERATIONS)[number],
    victim: number,
  ) {
    const { method, path, names } = operation;
    const filled = (value: string) => path.replace('{id}', value).replace(/\{\w+\}/, value);
    const plain = filled(String(victim));
    const type = [['Content-Type', 'application/json']] as const;
    const admin = target.caller('bootstrap');
    const body = (members: object) => Buffer.from(JSON.stringify(members));
    switch (place) {
      case 'member':
        return new FuzzRequest(
          method,
          plain,
          admin,
          type,
          body(Object.fromEntries(names.map((name) => [name, text]))),
        );
      case 'name of a member':
        return new FuzzRequest(method, plain, admin, type, Buffer.from(`{${JSON.stringify(text)}:1}`));
      case 'path':
        return new FuzzRequest(
          method,
          path.includes('{') ? filled(percentEncoded(text)) : `${path}${percentEncoded(text)}`,
          admin,
          type,
          body({}),
        );
      case 'query':
        return new FuzzRequest(
          method,
          `${plain}?${percentEncoded(text)}=${percentEncoded(text)}`,
          admin,
          type,
          body({}),
        );
      case 'header':
        return new FuzzRequest(
          method,
          plain,
          admin,
          [
            ['X-Request-Id', latin1(text)],
            ['User-Agent', latin1(text)],
          ],
          undefined,
        );
      case 'credentials':
        return new FuzzRequest(
          method,
          plain,
          { name: 'a naughty text', authorization: [`Bearer ${latin1(text)}`], actions: new Set() },
          type,
          body({}),
        );
    }
  }

  const OPERATIONS = operations().map((operation) => {
    const item = openApi.paths[operation.path]?.[operation.method.toLowerCase() as 'post'];
    const schema = item?.requestBody?.content['application/json']?.schema;
    return { ...operation, names: Object.keys(schema?.properties ?? {}) };
  });

  it.each(PLACES)(
    'are no more than text as %s: all of them, to an operation each, then at random',
    async (place) => {
      const { id } = await target.victim();
      const each = ALL_NAUGHTY_TEXT.map(
        (text, at) => [text, OPERATIONS[at % OPERATIONS.length] as (typeof OPERATIONS)[number]] as const,
      );
      await fuzz(
        fc.tuple(
          fc.oneof(
            fc.constantFrom(...ALL_NAUGHTY_TEXT),
            fc
              .tuple(fc.constantFrom(...ALL_NAUGHTY_TEXT), fc.constantFrom(...ALL_NAUGHTY_TEXT))
              .map((two) => two.join('')),
          ),
          fc.constantFrom(...OPERATIONS),
        ),
        Math.max(each.length, requestsFor(SHARE / PLACES.length)),
        async ([text, operation]) => {
          await target.exchange(requestWith(text, place, operation, id));
        },
        each.map(([text, operation]): [string, (typeof OPERATIONS)[number]] => [text, operation]),
      );
    },
    NO_HURRY_MS,
  );
});
