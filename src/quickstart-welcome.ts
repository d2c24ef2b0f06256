import { VERSION } from './config/build-info.js';
import type { IssuerServerConfig } from './config/issuer-server-config.js';
import type { ServiceConfig } from './config/service-config.js';

/** What operators show to the issuer: of its own owner alone, as the data beside it. */
export const ISSUER_TOKEN_FILE = './data/issuer-admin-token';

export interface QuickstartConfig {
  readonly service: ServiceConfig;
  readonly issuerServer: IssuerServerConfig;
}

/**
 * What the quickstart prints when both listen.
 * @param token - of an administrator; undefined where it was shown before
 * @param code - of a link that signs in, once; undefined where nothing can be signed in
 */
export function welcome(
  { service, issuerServer }: QuickstartConfig,
  token: string | undefined,
  code: string | undefined,
): string {
  const url = `http://localhost:${service.listen.port}${service.http.subPath}`;
  const issuer = `http://localhost:${issuerServer.listen.port}`;
  const page =
    code === undefined
      ? ''
      : `
Open ${url}/ui/#link=${code}
It signs you in once, within ten minutes.
`;
  return `${page}
Licentia ${VERSION} is running.

  service  ${url}   its API: ${url}/api/openapi.yaml
  issuer   ${issuer}   its keys: ${issuer}/.well-known/jwks.json
  data     ./data   delete it to begin anew

${
  token === undefined
    ? 'The token was shown when it was made. Lost it? npm start -- --new-token'
    : `An administrator's service-account token, shown this once:\n\n  ${token}`
}

Try it, in another terminal in this directory:

  export LICENTIA_URL=${url} LICENTIA_TOKEN=${token ?? '$TOKEN'}
  npx licentia check
  npx licentia explain
  npx licentia renew

As the vendor, on the issuer, whose token is in ${ISSUER_TOKEN_FILE}:

  export LICENTIA_ISSUER_URL=${issuer} LICENTIA_ISSUER_TOKEN_FILE=${ISSUER_TOKEN_FILE}
  npx licentia issuer list

docs/walkthrough.md goes on from here: issue, suspend, revoke. Ctrl+C ends it.`;
}
