import type { CertificateFile } from './certificate-file.js';
import type { ProxyAddress } from './proxy-address.js';

/** The settings that name an address of the issuer. */
export const ISSUER_ADDRESSES = [
  'ISSUER_URL',
  'ISSUER_RENEW_URL',
  'ISSUER_JWKS_URL',
  'ISSUER_JWKS_PATH',
] as const;

/** The settings of the upstream, parsed. */
export interface IssuerSettings {
  readonly ISSUER_URL: URL;
  readonly ISSUER_ID: string | undefined;
  readonly ISSUER_RENEW_URL: URL | undefined;
  readonly ISSUER_JWKS_URL: URL | undefined;
  readonly ISSUER_JWKS_PATH: string | undefined;
  readonly ISSUER_CA_PATH: CertificateFile | undefined;
  readonly ISSUER_PROXY_URL: ProxyAddress | undefined;
  readonly ISSUER_TIMEOUT_MS: number;
  readonly AUTO_REFRESH_LICENSE: boolean | undefined;
}

/** The upstream: whose licenses count, and where to ask for new ones. */
export interface IssuerConfig {
  /** The expected `iss`. */
  readonly id: string;
  /** Where renewals go; none: renewing is not possible. */
  readonly renewUrl: URL | undefined;
  /** Where the keys come from; a file is the only source when it is named. */
  readonly keys:
    | { readonly kind: 'url'; readonly url: URL }
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'none' };
  /** Who may vouch for the issuer and the proxy beside those whom Node trusts. */
  readonly trustedCas: CertificateFile | undefined;
  /** The only way to the issuer where there is one. */
  readonly proxy: ProxyAddress | undefined;
  /** Deadline of a whole call, milliseconds. */
  readonly timeoutMs: number;
  /** Whether licenses are renewed without being asked to. */
  readonly autoRefresh: boolean;
}

/** The upstream, from its settings. */
export function issuerConfig(values: IssuerSettings): IssuerConfig {
  const addresses = issuerAddresses(values);
  return {
    id: values.ISSUER_ID ?? withoutSlash(values.ISSUER_URL),
    ...addresses,
    autoRefresh: values.AUTO_REFRESH_LICENSE ?? addresses.renewUrl !== undefined,
    trustedCas: values.ISSUER_CA_PATH,
    proxy: values.ISSUER_PROXY_URL,
    timeoutMs: values.ISSUER_TIMEOUT_MS,
  };
}

/** Where the upstream's two endpoints are. */
export function issuerAddresses(
  values: Pick<IssuerSettings, (typeof ISSUER_ADDRESSES)[number]>,
): Pick<IssuerConfig, 'renewUrl' | 'keys'> {
  const base = withoutSlash(values.ISSUER_URL);
  // grafana.com does not speak this protocol: nothing is ever sent to an address that was only guessed.
  const speaks = values.ISSUER_URL.hostname !== 'grafana.com';
  const jwksUrl = values.ISSUER_JWKS_URL ?? (speaks ? new URL(`${base}/.well-known/jwks.json`) : undefined);
  const keys: IssuerConfig['keys'] =
    values.ISSUER_JWKS_PATH !== undefined
      ? { kind: 'file', path: values.ISSUER_JWKS_PATH }
      : jwksUrl === undefined
        ? { kind: 'none' }
        : { kind: 'url', url: jwksUrl };
  const renewUrl = values.ISSUER_RENEW_URL ?? (speaks ? new URL(`${base}/v1/licenses/renew`) : undefined);
  return {
    renewUrl,
    keys: Object.freeze(keys),
  };
}

function withoutSlash(url: URL): string {
  return url.href.replace(/\/+$/, '');
}
