import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { AccessConfig } from '../config/access-config.js';
import type { Clock } from '../domain/clock.js';
import { ServiceError } from '../domain/service-error.js';
import { networkOf } from '../http/client-address.js';
import type { RequestContext } from '../http/request-context.js';
import { UNNAMED_PROXY_HINT } from '../http/unnamed-proxy.js';
import type { SnapshotService } from '../snapshot/snapshot.service.js';
import { AttemptWindow } from '../domain/attempt-window.js';

/** Wrong passwords for one name from one client, and how long they count: milliseconds. */
const MAX_WRONG_PASSWORDS = 5;
const WRONG_PASSWORD_WINDOW_MS = 5 * 60_000;
const MINUTE_MS = 60_000;
/** Once too much has failed, the database is asked for unknown tokens once in this time: milliseconds. */
const LOOK_EVERY_MS = 250;
/** The key of what all clients do together. */
const EVERYBODY = '';

/** Where a request comes from. */
export type Origin = Pick<RequestContext, 'client' | 'fromUnnamedProxy'>;

/**
 * What failed, by client and together. It makes failures cheap and never refuses a caller who is right: a known token
 * is not asked about here, a right one that is new is found at the next shared look, and a right password counts
 * unless its own name and client are blocked.
 */
export class FailedAttempts {
  readonly #logger = new Logger(FailedAttempts.name);
  readonly #wrongPasswords: AttemptWindow;
  readonly #otherNames: AttemptWindow;
  readonly #byClient: AttemptWindow;
  readonly #all: AttemptWindow;
  readonly #warnings: AttemptWindow;
  #forgotten = 0;
  #look: Promise<void> | undefined;

  constructor(
    clock: Clock,
    { failuresPerMinute, allFailuresPerMinute }: AccessConfig,
    private readonly snapshots: SnapshotService,
  ) {
    this.#wrongPasswords = new AttemptWindow(clock, MAX_WRONG_PASSWORDS, WRONG_PASSWORD_WINDOW_MS);
    this.#otherNames = new AttemptWindow(clock, MAX_WRONG_PASSWORDS, WRONG_PASSWORD_WINDOW_MS);
    this.#byClient = new AttemptWindow(clock, failuresPerMinute, MINUTE_MS);
    this.#all = new AttemptWindow(clock, allFailuresPerMinute, MINUTE_MS, 1);
    this.#warnings = new AttemptWindow(clock, 1, MINUTE_MS, 2);
  }

  /** How many clients are remembered, and how many names with clients: never more than 10,000 each. */
  get remembered(): { readonly clients: number; readonly passwords: number } {
    return { clients: this.#byClient.size, passwords: this.#wrongPasswords.size };
  }

  /**
   * Until when passwords of this name from this client are refused, right or wrong.
   * @returns a time as text (ISO 8601); undefined where they are not
   */
  blockedUntil(name: string, { client }: Origin): string | undefined {
    const key = blockKey(name, client);
    return this.#wrongPasswords.full(key) ? isoTime(this.#wrongPasswords.until(key)) : undefined;
  }

  /**
   * Counts a wrong password; the one that begins a block is in the log.
   * @param name - of the configuration; undefined for another one, which takes as long and needs no block in memory
   */
  wrongPassword(name: string | undefined, origin: Origin): void {
    if (name === undefined) {
      this.#otherNames.take(networkOf(origin.client));
      return;
    }
    this.#wrongPasswords.take(blockKey(name, origin.client));
    const until = this.blockedUntil(name, origin);
    if (until === undefined) return;
    this.#logger.warn({
      msg: `blocked after ${MAX_WRONG_PASSWORDS} wrong passwords: every password from this address is refused until then`,
      name,
      ...describe(origin),
      until,
    });
  }

  rightPassword(name: string, { client }: Origin): void {
    this.#wrongPasswords.clear(blockKey(name, client));
  }

  /** Whether so much failed lately that failures are to cost less. */
  tooMany({ client }: Origin): boolean {
    return this.#all.full(EVERYBODY) || this.#byClient.full(networkOf(client));
  }

  /**
   * Counts a failed authentication.
   * @returns what to answer when there were too many of them already; undefined while there were not
   */
  count(origin: Origin): ServiceError | undefined {
    const client = networkOf(origin.client);
    const refused = [
      ...(this.#byClient.take(client) ? [] : [this.#byClient.retryAfter(client)]),
      ...(this.#all.take(EVERYBODY) ? [] : [this.#all.retryAfter(EVERYBODY)]),
    ];
    const forgotten = this.#byClient.forgotten + this.#wrongPasswords.forgotten;
    if (forgotten > this.#forgotten) {
      this.#forgotten = forgotten;
      this.#warn('authentication fails for more clients than are remembered', origin);
    }
    if (refused.length === 0) return undefined;
    this.#warn('too many failed authentications', origin);
    return new ServiceError('too-many-requests', undefined, { retryAfter: Math.max(...refused) });
  }

  /**
   * Has the snapshot brought up to date for a token that it lacks; all who ask in the meantime share one look.
   * @throws ServiceError `database.unavailable`
   */
  async look(): Promise<void> {
    // Cleared before the database is asked: who comes later may have a token that this look misses.
    this.#look ??= sleep(LOOK_EVERY_MS).then(async () => {
      this.#look = undefined;
      return this.snapshots.refresh();
    });
    return this.#look;
  }

  /** Each sentence once a minute: the log is not to be flooded with it. @param origin - one of them */
  #warn(msg: string, origin: Origin): void {
    if (this.#warnings.take(msg)) this.#logger.warn({ msg, ...describe(origin) });
  }
}

function blockKey(name: string, client: string): string {
  return `${networkOf(client)} ${name}`;
}

/** What the log says of where a request comes from: the network that a limit counts by. */
function describe({ client, fromUnnamedProxy }: Origin): object {
  return { client: networkOf(client), ...(fromUnnamedProxy ? { hint: UNNAMED_PROXY_HINT } : {}) };
}

function isoTime(time: number): string {
  return new Date(time).toISOString();
}
