import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Periodic } from '../../clock/periodic.js';
import { aheadBy, presentTimes } from '../../domain/token/key-times.js';
import { lengthOf } from '../record/clock-doubt-error.js';
import { ConfirmedClock } from '../record/confirmed-clock.js';
import { OwnDatabase } from '../record/own-database.js';
import type { SigningKeyEntity } from './signing-key.entity.js';
import { SigningKeyStore } from './signing-key.store.js';
import { SigningKeys } from './signing-keys.js';

const LOOK_MS = 60_000;

/** What depends on a time of a key, in the state that it has. */
const DELAYED: Partial<Record<SigningKeyEntity['state'], string>> = {
  published: ' It can be activated 25 hours after that.',
  'verify-only': ' It can be retired an hour after that, if no token needs it longer.',
};

/** For operators; null where no time of the key lies ahead. @param now - Unix seconds */
export function keyAheadWarning(key: SigningKeyEntity, now: number): string | null {
  const ahead = aheadBy(key, now);
  if (ahead === 0) return null;
  return (
    `The signing key ${key.kid} has times that lie ahead, by up to ${lengthOf(ahead)}: a clock that was ahead noted them. ` +
    `"licentia issuer repair --all" sets them to the present.${DELAYED[key.state] ?? ''}`
  );
}

/** Finds and repairs the times of signing keys that a clock noted which was ahead. */
@Injectable()
export class SigningKeyTimes implements BeforeApplicationShutdown {
  readonly #logger = new Logger(SigningKeyTimes.name);
  readonly #looks = new Periodic(LOOK_MS, () => this.look());
  /** The keys that the log has warned of: once each. */
  #said: ReadonlySet<string> = new Set();

  constructor(
    private readonly database: OwnDatabase,
    private readonly store: SigningKeyStore,
    private readonly signingKeys: SigningKeys,
    private readonly clock: ConfirmedClock,
  ) {}

  /** Looks once, and goes on doing so: a clock may be set right while the issuer runs. Never rejects. */
  async start(): Promise<void> {
    await this.look();
    this.#looks.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#looks.stop();
  }

  /** Warns in the log. Never rejects. By a clock that is in doubt nothing is ahead. */
  async look(): Promise<void> {
    const now = this.clock.confirmedMoment;
    if (now === undefined) return;
    const keys = await this.database.read((manager) => this.store.everything(manager)).catch(() => undefined);
    if (keys === undefined) return;
    const found = new Set<string>();
    for (const key of keys) {
      const msg = keyAheadWarning(key, now);
      if (msg === null) continue;
      found.add(key.kid);
      if (!this.#said.has(key.kid)) this.#logger.error({ msg, kid: key.kid });
    }
    this.#said = found;
  }

  /**
   * Sets them to the present, all or none. Until when tokens need a key is noted with the tokens, and stays.
   * @returns how many keys were repaired
   * @throws ClockDoubtError, ServiceError `database.unavailable`
   */
  async repair(actor?: string): Promise<number> {
    const repaired = await this.database.transaction(async (manager) => {
      await this.store.lock(manager);
      const now = await this.clock.now(manager);
      const done = [];
      // The active one last: what signs may have another one and wait for it, never the other way around.
      for (const key of (await this.store.everything(manager)).reverse()) {
        const times = presentTimes(key, now);
        if (times === undefined) continue;
        await this.store.change(manager, key.kid, times);
        const { kid, createdAt, activatedAt, verifyOnlyAt, retiredAt } = key;
        done.push({ kid, before: { createdAt, activatedAt, verifyOnlyAt, retiredAt } });
      }
      return done;
    });
    if (repaired.length === 0) return 0;
    await this.signingKeys.follow();
    for (const { kid, before } of repaired)
      this.#logger.log({ msg: 'the times of a signing key were set to the present', kid, before, actor });
    return repaired.length;
  }
}
