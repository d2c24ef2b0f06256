import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { AccessConfig } from '../config/access-config.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { Metrics } from '../metrics/metrics.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import { SnapshotService } from '../snapshot/snapshot.service.js';
import { AccessMetrics } from './access-metrics.js';
import { Administrators } from './administrators.js';
import { type Password, readBasicHeader } from './basic-credentials.js';
import { BearerStrategy } from './bearer.strategy.js';
import type { Caller, KnownToken } from '../domain/caller.js';
import { FailedAttempts, type Origin } from './failed-attempts.js';
import { LastUses } from './last-uses.js';
import { ADMINISTRATOR_ROLE, actionsOf } from './roles.js';
import { hashToken, looksLikeServiceAccountToken } from './service-account-token.js';

/** Outcomes remembered for one snapshot, so that Passport sees each header once. */
const MAX_REMEMBERED = 10_000;

/** What a configured administrator's id begins with. */
const ADMINISTRATOR = 'administrator:';

/** As long as the sentence of a block: a longer line of the log takes longer to write. */
const WRONG_PASSWORD = 'the name or the password was not right';

/** What a caller shows to sign in. */
export type Credentials = Password | { readonly token: string };

type Known = { readonly caller: Caller } | { readonly token: KnownToken };

/**
 * Turns an `Authorization` header into a {@link Caller}. For a caller known to the snapshot it does no I/O; an
 * unknown token asks the database once whether the snapshot is still current. So a new token of another replica
 * works at once, and an outage never looks like a wrong token. Failures are limited ({@link FailedAttempts}); valid
 * credentials are never refused because of other clients' failures.
 */
@Injectable()
export class Authenticator {
  readonly #config: AccessConfig;
  readonly #everything = actionsOf([ADMINISTRATOR_ROLE.uid]);
  readonly #bootstrap: Caller = {
    id: 'bootstrap',
    name: 'bootstrap',
    actions: this.#everything,
    unlimited: true,
  };
  readonly #administrators: Administrators;
  readonly #bootstrapHash: string | undefined;
  readonly #bearer: BearerStrategy<Known>;
  readonly #metrics: AccessMetrics;
  readonly failures: FailedAttempts;
  #remembered = new LRUCache<string, Known>({ max: MAX_REMEMBERED });
  /** What the outcomes were found in: another object is another state of the database. */
  #rememberedFrom: Snapshot['tokens'] | undefined;

  constructor(
    @Inject(SERVICE_CONFIG) config: ServiceConfig,
    private readonly snapshots: SnapshotService,
    private readonly lastUses: LastUses,
    @Inject(CLOCK) private readonly clock: Clock,
    metrics: Metrics,
  ) {
    this.#metrics = new AccessMetrics(metrics);
    this.#config = config.access;
    this.#administrators = new Administrators(config.access);
    const { bootstrapToken } = this.#config;
    this.#bootstrapHash = bootstrapToken === undefined ? undefined : hashToken(bootstrapToken);
    this.#bearer = new BearerStrategy((token) => this.#find(token));
    this.failures = new FailedAttempts(clock, this.#config, snapshots);
  }

  /**
   * @param authorization - the only `Authorization` header's value; undefined when there is none, or several
   * @param origin - where the request comes from
   * @returns the caller; a promise only when the database has to be asked, or a password to be hashed
   * @throws ServiceError with one of the codes that answer 401, `too-many-requests`, or `database.unavailable`
   */
  authenticate(authorization: string | undefined, origin: Origin): Caller | Promise<Caller> {
    if (authorization === undefined) throw new ServiceError('auth.unauthorized');
    const known = this.#recall(authorization);
    if (known !== undefined) return this.#admit(known);
    const password = readBasicHeader(authorization);
    if (password !== undefined) return this.#administrator(password.name, password.password, origin);
    const found = this.#bearer.authenticate(authorization);
    if (found === 'unusable') throw new ServiceError('auth.unauthorized');
    if (found === 'unknown') return this.#askAgain(authorization, origin);
    this.#remembered.set(hashToken(authorization), found);
    return this.#admit(found);
  }

  /**
   * Authenticates a caller who signs in, as a header with the same credentials: by the same limits, in the same time.
   * @throws ServiceError as {@link authenticate}
   */
  async signIn(credentials: Credentials, origin: Origin): Promise<Caller> {
    if ('password' in credentials) return this.#administrator(credentials.name, credentials.password, origin);
    // What no header can carry is no token.
    if (/^[\x21-\x7e]+$/.test(credentials.token))
      return this.authenticate(`Bearer ${credentials.token}`, origin);
    throw this.failures.count(origin) ?? new ServiceError('api-key.invalid');
  }

  /**
   * The caller of a token of the database, by its hash.
   * @returns undefined where there is no such token any more
   * @throws ServiceError where it is expired or revoked, or its account disabled; `database.unavailable`
   */
  callerOfToken(hash: string): Caller | undefined {
    const token = this.snapshots.current?.tokens.find(hash);
    return token && this.#admit({ token });
  }

  /**
   * A caller who was let in by a header, as it is now. What the configuration names stays as long as the process.
   * @param id - see {@link Caller}
   * @throws ServiceError where its token gives nothing any more; `database.unavailable`
   */
  callerAgain(id: string, authorization: string): Caller {
    const configured = this.configuredCaller(id);
    if (configured !== undefined) return configured.caller;
    const caller = this.callerOfToken(hashToken(tokenIn(authorization)));
    if (caller === undefined) throw new ServiceError('api-key.invalid');
    return caller;
  }

  /**
   * A caller of the configuration, with what a sign-in of it is proved by.
   * @param id - see {@link Caller}
   * @returns undefined where the configuration does not name it any more
   */
  configuredCaller(id: string): { readonly caller: Caller; readonly credential: string } | undefined {
    if (id === 'bootstrap' && this.#bootstrapHash !== undefined)
      return { caller: this.#bootstrap, credential: this.#bootstrapHash };
    const name = id.startsWith(ADMINISTRATOR) ? id.slice(ADMINISTRATOR.length) : '';
    const credential = this.#administrators.credentialOf(name);
    return credential === undefined ? undefined : { caller: this.#administratorOf(name), credential };
  }

  /**
   * How to let the caller of a header in again without reading it: as long as the snapshot's tokens are the same.
   * @returns undefined for a header that is read each time, such as a name and a password
   */
  again(authorization: string): (() => boolean) | undefined {
    const known = this.#recall(authorization);
    if (known === undefined) return undefined;
    const tokens = this.#rememberedFrom;
    return () => this.snapshots.current?.tokens === tokens && this.#isAdmitted(known);
  }

  #isAdmitted(known: Known): boolean {
    try {
      this.#admit(known);
      return true;
    } catch {
      return false;
    }
  }

  /** What Passport said of this header for the present snapshot. Kept by hash: no credential stays in memory. */
  #recall(authorization: string): Known | undefined {
    const tokens = this.snapshots.current?.tokens;
    if (tokens !== this.#rememberedFrom) {
      this.#remembered.clear();
      this.#rememberedFrom = tokens;
      return undefined;
    }
    return this.#remembered.get(hashToken(authorization));
  }

  #find(token: string): Known | undefined {
    // Hashes are compared, so the time a comparison takes tells nothing about the token.
    const hash = hashToken(token);
    if (hash === this.#bootstrapHash) return { caller: this.#bootstrap };
    const known = this.snapshots.current?.tokens.find(hash);
    return known === undefined ? undefined : { token: known };
  }

  #admit(known: Known): Caller {
    if ('caller' in known) return known.caller;
    const { token } = known;
    if (this.snapshots.age > this.#config.staleSeconds * 1000) throw databaseUnavailable();
    if (token.expiresAt !== undefined && token.expiresAt <= this.clock.now())
      throw new ServiceError('api-key.expired');
    if (token.revoked) throw new ServiceError('api-key.revoked');
    if (token.disabled) throw new ServiceError('identity.disabled');
    this.lastUses.note(token.tokenId);
    return token.caller;
  }

  /** Decides about a token that the snapshot lacks: only the database knows whether it is new or wrong. */
  async #askAgain(authorization: string, origin: Origin): Promise<Caller> {
    const token = tokenIn(authorization);
    const tooMany = this.failures.tooMany(origin);
    // A text that cannot be a token of ours is wrong without a query.
    if (looksLikeServiceAccountToken(token))
      await (tooMany ? this.failures.look() : this.snapshots.refresh());
    else if (!tooMany && !this.snapshots.fresh) await this.snapshots.refresh();
    const found = this.#find(token);
    if (found === undefined) throw this.failures.count(origin) ?? new ServiceError('api-key.invalid');
    return this.#admit(found);
  }

  /** Does the same for every name, so that neither the answer nor its time tells which one is an administrator's. */
  #administrator(name: string, password: string, origin: Origin): Caller | Promise<Caller> {
    const isAdministrator = this.#administrators.isName(name);
    const blocked = () => this.failures.blockedUntil(isAdministrator ? name : '', origin);
    const before = blocked();
    const isRight = this.#administrators.isRight(name, password, origin.client, before !== undefined);
    const decide = (right: boolean) => {
      // While a password waited to be hashed, others of this name may have been wrong.
      const until = before ?? blocked();
      if (!right || until !== undefined) throw this.#refusal(name, isAdministrator, until, origin);
      this.failures.rightPassword(name, origin);
      return this.#administratorOf(name);
    };
    return isRight instanceof Promise ? isRight.then(decide) : decide(isRight);
  }

  #administratorOf(name: string): Caller {
    return { id: `${ADMINISTRATOR}${name}`, name, actions: this.#everything, unlimited: true };
  }

  #refusal(name: string, isAdministrator: boolean, until: string | undefined, origin: Origin): ServiceError {
    this.#metrics.passwordFailed();
    // Counted, but answered with 401: a 429 for some names alone would tell which name is an administrator's.
    this.failures.count(origin);
    if (until === undefined) this.failures.wrongPassword(isAdministrator ? name : undefined, origin);
    // The cause is for the log alone.
    const cause = new Error(
      until !== undefined && isAdministrator ? `blocked until ${until}` : WRONG_PASSWORD,
    );
    return new ServiceError('password-auth.failed', undefined, { cause });
  }
}

function tokenIn(authorization: string): string {
  return authorization.slice(authorization.indexOf(' ') + 1);
}

function databaseUnavailable(): ServiceError {
  return new ServiceError('database.unavailable', undefined, { retryAfter: 2 });
}
