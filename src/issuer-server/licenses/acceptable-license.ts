import { invisibleCharacter } from '../../domain/invisible-character.js';
import { list } from '../../config/setting.js';
import type { KeySet } from '../../domain/token/key-set.js';
import { judge, LicenseStatus } from '../../domain/license/license.js';
import { authenticateLicenseToken } from '../../domain/license/license-token.js';
import { readSeatPolicy } from '../../domain/usage/seat-policy.js';
import { parseRootUrl } from '../../domain/root-url.js';
import { ServiceError } from '../../domain/service-error.js';
import { invalidTerms } from '../issuer-server-error.js';
import type { IssuedLicenseEntity } from './issued-license.entity.js';

/** A token travels in a request header, and all headers of a request together have 16 KiB. */
const MAX_TOKEN_LENGTH = 8 * 1024;

/**
 * Whether the instance that a license is for would take a token of it, by the service's own rules.
 * @param now - Unix seconds
 * @throws IssuerServerError which says what nobody could take
 */
export async function assertAcceptable(
  token: string,
  { sub, prod, nbf, lexp }: IssuedLicenseEntity,
  { keySet, issuerId, now }: { readonly keySet: KeySet; readonly issuerId: string; readonly now: number },
): Promise<void> {
  if (token.length > MAX_TOKEN_LENGTH) {
    throw invalidTerms(
      'prod',
      `The terms are too long: their token would have more than ${MAX_TOKEN_LENGTH} bytes.`,
    );
  }
  const { claims } = await authenticated(token, keySet);
  const [fault] = readSeatPolicy(claims).faults;
  if (fault !== undefined)
    throw invalidTerms(fault.split(' ')[0] as string, `No service would follow this policy: ${fault}.`);
  if ((claims.included_users ?? 0) > 0 && (claims.included_admins ?? claims.included_viewers) !== undefined) {
    throw invalidTerms(
      'included_users',
      'A license has one limit for all users, or limits by role: with included_users above 0, services ignore included_admins and included_viewers.',
    );
  }
  if (lexp <= now) throw invalidTerms('nbf', 'A license with this beginning would have ended by now.');
  const policy = { issuer: issuerId, rootUrl: parseRootUrl(sub), products: prod };
  const verdict = judge(claims, policy, Math.max(now, nbf));
  if (verdict.status !== LicenseStatus.Valid) {
    throw invalidTerms('lexp', `No instance would take this license. ${verdict.message}`);
  }
}

/**
 * The products of a license as `LICENSE_PRODUCTS` of the service can name them: a list with commas, whose names
 * are trimmed. In NFC, which is what keyboards and editors make.
 * @param present - products of the license now: they may stay, even where a newer rule refuses their name
 * @throws IssuerServerError
 */
export function readProducts(products: readonly string[], present: readonly string[] = []): string[] {
  const names = products.map((product) => (present.includes(product) ? product : readProduct(product)));
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated === undefined) return names;
  throw invalidTerms('prod', `The product ${JSON.stringify(repeated)} is named more than once.`);
}

function readProduct(product: string): string {
  const isName = product.trim() !== '' && !product.includes(',') && list.parse(product)[0] === product;
  const invisible = invisibleCharacter(product);
  if (isName && invisible === undefined) return product.normalize('NFC');
  throw invalidTerms(
    'prod',
    `The product ${JSON.stringify(product)} cannot be licensed${invisible === undefined ? '' : ` (${invisible})`}: a product's name must not be empty, have a space at either end, or ` +
      'contain a comma, because LICENSE_PRODUCTS of the service could not name it.',
  );
}

/** @throws IssuerServerError where nobody could read the name of a company as it is */
export function assertReadable(company: string): void {
  const invisible = invisibleCharacter(company);
  if (invisible === undefined && company !== '' && company.trim() === company) return;
  throw invalidTerms(
    'company',
    invisible === undefined
      ? 'The name of the company must not be empty, or have a space at either end.'
      : `The name of the company must have no invisible character (${invisible}).`,
  );
}

async function authenticated(token: string, keySet: KeySet) {
  try {
    return await authenticateLicenseToken(token, keySet);
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'license.invalid') throw error;
    const claim = /"(\w+)"/.exec(error.message)?.[1] ?? '';
    throw invalidTerms(claim, `No license can have these terms. ${error.message}`, error);
  }
}
