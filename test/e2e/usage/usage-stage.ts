import { toSeconds } from '../../../src/domain/clock.js';
import { SeenBuffer } from '../../../src/usage/subjects/seen-buffer.js';
import type { Overrides } from '../../support/tokens.js';
import type { Reply } from '../../support/service.js';
import { Stage } from '../licensing/stage.js';

export const USAGE = '/api/licensing/usage';
const STATS = '/api/licensing/refresh-stats';

/** Terms that come with no limit. */
const UNLIMITED: Overrides = {
  included_users: undefined,
  included_admins: undefined,
  included_viewers: undefined,
  anonymousRatio: undefined,
  usage_billing: undefined,
  seat_policy: undefined,
};

/** The service with a license for seats, and its callers. */
export class UsageStage {
  private constructor(readonly stage: Stage) {}

  static async open(environment: Record<string, string> = {}): Promise<UsageStage> {
    return new UsageStage(await Stage.open(environment));
  }

  /** Installs a license with these terms. */
  async license(terms: Overrides = {}): Promise<void> {
    const now = this.stage.now;
    const days = 86_400;
    await this.stage.install({
      ...UNLIMITED,
      lid: `seats ${(licenses += 1)}`,
      // A clock that is set back finds it valid too.
      iat: now - 80 * days,
      nbf: now - 80 * days,
      exp: now + 390 * days,
      lexp: now + 395 * days,
      ...terms,
    });
  }

  async seen(...events: object[]): Promise<Reply> {
    return this.stage.service.post(`${USAGE}/seen`, { events });
  }

  /** Writes down what was reported. */
  async flush(): Promise<void> {
    await this.stage.service.running.application.nest.get(SeenBuffer).flush();
  }

  async admit(subject: string, more: object = {}): Promise<Reply['body']> {
    return (await this.stage.service.post(`${USAGE}/admit`, { subject, ...more })).body;
  }

  async left(subject: string, more: object = {}): Promise<Reply['body']> {
    return (await this.stage.service.post(`${USAGE}/left`, { subject, ...more })).body;
  }

  async usage(): Promise<Reply['body']> {
    return (await this.stage.service.get(USAGE)).body;
  }

  async explain(subject: string, more: object = {}): Promise<Reply['body']> {
    return (await this.stage.service.post(`${USAGE}/explain`, { subject, ...more })).body;
  }

  async stats(): Promise<Reply['body']> {
    return (await this.stage.service.get(STATS)).body;
  }

  async get(path: string): Promise<Reply['body']> {
    return (await this.stage.service.get(`${USAGE}/${path}`)).body;
  }

  /** Goes on to the noon of a later day. */
  days(count: number): void {
    const { clock } = this.stage.service;
    const noon = (Math.floor(toSeconds(clock.now()) / 86_400) + count) * 86_400 + 43_200;
    clock.advance(noon * 1000 - clock.now());
  }

  /** Nobody was ever seen. */
  async clear(): Promise<void> {
    await this.flush();
    await this.stage.change(
      `DELETE FROM usage_subject; DELETE FROM usage_count; DELETE FROM usage_denial; DELETE FROM usage_session`,
    );
    await this.stage.clear();
  }

  async close(): Promise<void> {
    await this.stage.close();
  }
}

let licenses = 0;
