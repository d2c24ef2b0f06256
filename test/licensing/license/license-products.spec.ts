import { type TestDatabase, testDatabase } from '../../support/database.js';
import { FakeIssuer } from '../../support/fake-issuer/fake-issuer.js';
import { TestService } from '../../support/service.js';

const COMPOSED = 'caf\u00e9';
const DECOMPOSED = 'cafe\u0301';

describe('A product in LICENSE_PRODUCTS that is not in NFC', () => {
  let database: TestDatabase;
  let issuer: FakeIssuer;
  let service: TestService;

  beforeAll(async () => {
    database = await testDatabase();
    issuer = await FakeIssuer.start();
    service = await TestService.start(database, {
      ISSUER_URL: issuer.url,
      LICENSE_PRODUCTS: `other,${DECOMPOSED}`,
    });
  });

  afterAll(async () => {
    await service.stop();
    await issuer.stop();
    await database.drop();
  });

  it.each([
    [COMPOSED, 200],
    [DECOMPOSED, 200],
    ['other', 200],
    ['cafe', 400],
  ])('is that of a license for %j: %i', async (product, status) => {
    const token = issuer.token({ prod: [product], jti: product });
    expect((await service.post('/api/licensing/token', { token })).status).toBe(status);
  });
});
