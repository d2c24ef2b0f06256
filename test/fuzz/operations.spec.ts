import { letsIn, operations } from '../support/openapi.js';
import { createKey } from '../support/tokens.js';
import { requiredAction } from './answer-oracle.js';
import type { FuzzRequest } from './fuzz-request.js';
import { fuzz, NO_HURRY_MS, report, requestsFor } from './fuzz-run.js';
import { FuzzTarget } from './fuzz-target.js';
import { requestGenerators } from './operation-requests.js';

/** Of all requests of a run. */
const SHARES = { operations: 0.5, strangers: 0.05, strayPaths: 0.05 };

describe('Requests made from docs/openapi.yaml', () => {
  let target: FuzzTarget;

  beforeAll(async () => {
    target = await FuzzTarget.start();
  }, 120_000);

  afterAll(async () => {
    report('requests from the document', target.statuses);
    await target.stop();
  });

  /** Requests around things that are really there, some of them made for this. */
  async function generators() {
    const victims = [await target.victim(), await target.victim(), await target.victim()];
    await target.installLicense();
    const licenses = [-300, 0, 0, 1, 300].map((offset, at) => target.sign(`fuzzed-${at % 2}`, offset));
    return requestGenerators({
      callers: target.callers,
      accountIds: victims.map(({ id }) => id),
      tokenIds: victims.flatMap(({ tokenIds }) => tokenIds),
      accountNames: ['caller 1', 'license-robot', 'a name that is taken'],
      licenses,
      counterfeits: counterfeits(),
    });
  }

  /** License tokens that no service may install: signed by somebody else, or for somebody else, or out of time. */
  function counterfeits(): string[] {
    const { issuer } = target;
    const now = Math.floor(target.service.clock.now() / 1000);
    const foreign = createKey('ES256', issuer.key.kid);
    return [
      issuer.token({ lid: 'forged' }, foreign),
      issuer.token({ lid: 'forged' }, createKey('EdDSA', 'unknown')),
      ...[
        { exp: now - 1 },
        { lexp: now - 1 },
        { exp: 1e400 },
        // Between now and its end it could wait for its term.
        { nbf: now + 200_000 },
        { iat: now + 3_600 },
        { sub: 'http://localhost:3000/x' },
        { sub: 'http://localhost:3000.evil.example/' },
        { iss: 'https://grafana.com' },
        { prod: [] },
        { prod: 'grafana-enterprise' },
        { prod: ['other'] },
        { lid: '' },
        { lid: 7 },
        { lid: '\0' },
        { jti: '\ud800' },
        { jti: undefined },
        { iat: 1.5 },
        { iat: -1 },
        { exp: 253_402_300_800 },
        { included_users: -1 },
        { included_users: 2 ** 31 },
        { company: 'a'.repeat(2_000) },
        { trial: 'yes' },
        { update_days: null },
      ].map((claims) => issuer.token(claims)),
      'e30.e30.AA',
      'a.b.c',
      `${'a'.repeat(5_000)}.${'b'.repeat(5_000)}.${'c'.repeat(5_000)}`,
      `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`,
    ];
  }

  /** Sends a request unless it would change whom the model relies on. */
  async function exchange(request: FuzzRequest): Promise<void> {
    if (!target.touchesTheModel(request.path)) await target.exchange(request);
  }

  const documented = operations();

  it.each(documented)(
    'of $method $path are answered as it says, whoever sends them, and do only what was allowed',
    async (operation) => {
      const generated = await generators();
      await fuzz(
        generated.operation(operation),
        requestsFor(SHARES.operations / documented.length),
        exchange,
      );
      await target.assertConsistent();
    },
    NO_HURRY_MS,
  );

  it(
    'change not a row of the database when nobody sends them who may',
    async () => {
      const generated = await generators();
      const nobody = target.caller('an account without roles');
      const before = await target.digest();
      for (const operation of documented) {
        await fuzz(
          generated.operation(operation),
          requestsFor(SHARES.strangers / documented.length),
          async (request) => {
            const action = requiredAction(request.method, request.path);
            const mayDoIt = action !== undefined && letsIn(action, request.credentials.actions);
            await target.exchange(mayDoIt ? request.from(nobody) : request);
          },
        );
      }
      expect(await target.digest()).toBe(before);
      await target.assertConsistent();
    },
    NO_HURRY_MS,
  );

  it(
    'of no documented path or method are 404 or 405 and do nothing',
    async () => {
      const { anything } = await generators();
      await fuzz(anything, requestsFor(SHARES.strayPaths), exchange);
      await target.assertConsistent();
    },
    NO_HURRY_MS,
  );
});
