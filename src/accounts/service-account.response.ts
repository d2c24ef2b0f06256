import type { ServiceAccountTokenEntity } from './service-account-token.entity.js';
import type { BasicRole, ServiceAccountEntity } from './service-account.entity.js';

/** A service account, as the API shows it. Times are RFC 3339. */
export interface ServiceAccountResponse {
  readonly id: number;
  readonly name: string;
  readonly login: string;
  readonly isDisabled: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly role: BasicRole;
  /** Grafana's: what this caller may do with it. Only where it was asked for. */
  readonly accessControl?: Readonly<Record<string, true>>;
}

/** A page of them. */
export interface ServiceAccountsResponse {
  /** Of all pages. */
  readonly totalCount: number;
  readonly serviceAccounts: readonly ServiceAccountResponse[];
  readonly page: number;
  readonly perPage: number;
}

export function serviceAccountResponse(account: ServiceAccountEntity): ServiceAccountResponse {
  return {
    id: Number(account.id),
    name: account.name,
    login: account.login,
    isDisabled: account.isDisabled,
    createdAt: account.createdAt.toISOString(),
    updatedAt: account.updatedAt.toISOString(),
    role: account.role,
  };
}

/** A token, as the API shows it: everything but the token. */
export interface TokenResponse {
  readonly id: number;
  readonly name: string;
  readonly created: string;
  readonly lastUsedAt: string | null;
  readonly expiration: string | null;
  /** 0 for a token that does not expire, and for one that has. */
  readonly secondsUntilExpiration: number;
  readonly hasExpired: boolean;
  readonly isRevoked: boolean;
}

/** @param now - Unix milliseconds */
export function tokenResponse(token: ServiceAccountTokenEntity, now: number): TokenResponse {
  const left = token.expiresAt === null ? undefined : token.expiresAt.getTime() - now;
  return {
    id: Number(token.id),
    name: token.name,
    created: token.created.toISOString(),
    lastUsedAt: token.lastUsedAt?.toISOString() ?? null,
    expiration: token.expiresAt?.toISOString() ?? null,
    secondsUntilExpiration: Math.max(0, (left ?? 0) / 1000),
    hasExpired: left !== undefined && left <= 0,
    isRevoked: token.isRevoked,
  };
}
