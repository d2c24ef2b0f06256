import type { PublicJwk } from '../../domain/token/verification-key.js';
import type { Prolongation } from '../licenses/license-administration.js';
import type { LicenseChange } from '../licenses/license-change.js';
import type { LicenseTerms } from '../licenses/license-terms.js';
import type { publicKey } from './key-view.js';
import type { publicEvent, publicView } from './license-view.js';
import type { publicUsage, publicUsageView } from './usage-view.js';
import type { SigningAlgorithm } from '../keys/new-signing-key.js';

/** A license, with a sentence where a clock that was ahead left it without tokens, or with none that is valid. */
export type LicenseView = ReturnType<typeof publicView> & { readonly warning: string | null };
export type UsageView = ReturnType<typeof publicUsage>;
export type LicenseUsageView = ReturnType<typeof publicUsageView>;
export type EventView = ReturnType<typeof publicEvent>;
export type KeyView = ReturnType<typeof publicKey>;

/** A license and a token of it. */
export interface GivenToken {
  readonly license: LicenseView;
  readonly token: string;
}

/** What became of a key that was retired. */
export interface RetiredKeyView {
  readonly key: KeyView;
  /** The file that still has its private part, on the machine of the issuer. */
  readonly file: string | null;
  /** How many licenses have no newer token than one of this key. */
  readonly stranded: number;
}

/** What operators do with an issuer, in its own process or over HTTP; `docs/issuer-protocol.md`. */
export interface IssuerAdministration {
  list(): Promise<readonly LicenseView[]>;
  uses(): Promise<readonly LicenseUsageView[]>;
  show(lid: string): Promise<LicenseView & { readonly usage: UsageView }>;
  historyOf(lid: string): Promise<readonly EventView[]>;
  issue(terms: LicenseTerms): Promise<GivenToken>;
  change(lid: string, change: LicenseChange): Promise<{ license: LicenseView; changed: boolean }>;
  token(lid: string): Promise<GivenToken>;
  suspend(lid: string): Promise<LicenseView>;
  resume(lid: string): Promise<LicenseView>;
  revoke(lid: string): Promise<LicenseView>;
  prolong(lid: string, by: Prolongation): Promise<LicenseView>;
  repair(lid: string): Promise<{ license: LicenseView; repaired: boolean }>;
  /** The times of signing keys too. @returns the licenses that were repaired */
  repairAll(): Promise<readonly LicenseView[]>;
  keys(): Promise<readonly KeyView[]>;
  /** What services read: RFC 7517, section 5. */
  keySet(): Promise<{ readonly keys: readonly PublicJwk[] }>;
  /** @param file - a PEM file on the machine of the issuer, which an issuer that is called over HTTP refuses */
  addKey(alg?: SigningAlgorithm, file?: string): Promise<KeyView>;
  activateKey(kid: string, force: boolean): Promise<KeyView>;
  retireKey(kid: string, force: boolean): Promise<RetiredKeyView>;
  /** @returns the confirmed moment, Unix seconds */
  confirmClock(): Promise<number>;
}
