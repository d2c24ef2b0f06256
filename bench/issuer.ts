import type { FakeIssuer } from '../test/support/fake-issuer/fake-issuer.js';
import type { Overrides } from '../test/support/tokens.js';

/** What the service is told of the bench's issuer. */
export function issuerSettings(issuer: FakeIssuer): Record<string, string> {
  return {
    ISSUER_ID: issuer.url,
    ISSUER_URL: issuer.url,
    ISSUER_ALLOW_INSECURE_HTTP: 'true',
    AUTO_REFRESH_LICENSE: 'false',
  };
}

/** A license that is valid for a day, so that the check says `true`. @param later - seconds that its `iat` is later */
export function licenseOf(issuer: FakeIssuer, later = 0, claims: Overrides = {}): string {
  const now = Math.floor(Date.now() / 1_000);
  return issuer.token({
    ...{ jti: `bench-${later}`, iat: now - 3_600 + later, exp: now + 86_400 + later },
    ...claims,
  });
}
