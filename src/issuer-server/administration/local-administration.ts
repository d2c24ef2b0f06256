import { Injectable, Logger } from '@nestjs/common';
import { toSeconds } from '../../domain/clock.js';
import { publicKey } from './key-view.js';
import { publicEvent, publicView } from './license-view.js';
import { publicUsage, publicUsageView } from './usage-view.js';
import { KeyAdministration } from '../keys/key-administration.js';
import type { SigningAlgorithm } from '../keys/new-signing-key.js';
import { SigningKeyTimes } from '../keys/signing-key-times.js';
import { SigningKeys } from '../keys/signing-keys.js';
import { aheadWarning, isAhead, laterTokenWarning } from '../licenses/iat-repair.js';
import { LicenseAdministration, type Prolongation } from '../licenses/license-administration.js';
import type { LicenseChange } from '../licenses/license-change.js';
import type { LicenseOverview } from '../licenses/license-overview.js';
import { LicenseRegister } from '../licenses/license-register.js';
import type { LicenseTerms } from '../licenses/license-terms.js';
import { ConfirmedClock } from '../record/confirmed-clock.js';
import { MAX_DAYS_KEPT } from '../usage/usage-reports.js';
import type { GivenToken, IssuerAdministration, KeyView, LicenseView } from './issuer-administration.js';

/** What operators do, on the database of this process. Each method throws what the class throws that it calls. */
@Injectable()
export class LocalAdministration implements IssuerAdministration {
  readonly #logger = new Logger(LocalAdministration.name);

  constructor(
    private readonly issuer: LicenseAdministration,
    private readonly register: LicenseRegister,
    private readonly keyring: KeyAdministration,
    private readonly signingKeys: SigningKeys,
    private readonly keyTimes: SigningKeyTimes,
    private readonly clock: ConfirmedClock,
  ) {}

  async list() {
    return (await this.register.list()).map((overview) => this.#view(overview));
  }

  async uses() {
    return (await this.register.uses(MAX_DAYS_KEPT)).map(publicUsageView);
  }

  async show(lid: string) {
    const use = await this.register.useOf(lid, MAX_DAYS_KEPT);
    return { ...(await this.#shown(lid)), usage: publicUsage(use) };
  }

  async historyOf(lid: string) {
    return (await this.register.historyOf(lid)).map(publicEvent);
  }

  async issue(terms: LicenseTerms, actor?: string): Promise<GivenToken> {
    const { lid, token } = await this.issuer.issue(terms, actor);
    return { license: await this.#shown(lid), token };
  }

  async change(lid: string, change: LicenseChange, actor?: string) {
    const { isChanged } = await this.issuer.change(lid, change, actor);
    return { license: await this.#shown(lid), changed: isChanged };
  }

  async token(lid: string, actor?: string): Promise<GivenToken> {
    const { token } = await this.issuer.token(lid, actor);
    return { license: await this.#shown(lid), token };
  }

  async suspend(lid: string, actor?: string): Promise<LicenseView> {
    await this.issuer.suspend(lid, actor);
    return this.#shown(lid);
  }

  async resume(lid: string, actor?: string): Promise<LicenseView> {
    await this.issuer.resume(lid, actor);
    return this.#shown(lid);
  }

  async revoke(lid: string, actor?: string): Promise<LicenseView> {
    await this.issuer.revoke(lid, actor);
    return this.#shown(lid);
  }

  async prolong(lid: string, by: Prolongation, actor?: string): Promise<LicenseView> {
    await this.issuer.prolong(lid, by, actor);
    return this.#shown(lid);
  }

  async repair(lid: string, actor?: string) {
    const { isRepaired } = await this.issuer.repair(lid, actor);
    return { license: await this.#shown(lid), repaired: isRepaired };
  }

  async repairAll(actor?: string): Promise<readonly LicenseView[]> {
    // A clock that is wrong would find nothing ahead of it.
    const now = await this.clock.nowConfirmed();
    await this.keyTimes.repair(actor);
    const ahead = (await this.register.list()).filter(({ license }) => isAhead(license, now));
    const repaired = [];
    for (const { license } of ahead) {
      const { isRepaired } = await this.issuer.repair(license.lid, actor);
      if (isRepaired) repaired.push(await this.#shown(license.lid));
    }
    return repaired;
  }

  async keys() {
    return (await this.keyring.list()).map(publicKey);
  }

  async keySet() {
    return this.signingKeys.jwks;
  }

  async addKey(alg?: SigningAlgorithm, file?: string, actor?: string) {
    const { kid } = await this.keyring.add(alg, file);
    this.#logger.log({ msg: 'signing key added', kid, actor });
    return this.#key(kid);
  }

  async activateKey(name: string, force: boolean, actor?: string) {
    const { kid } = await this.keyring.activate(name, force);
    this.#logger.log({ msg: 'signing key activated', kid, force, actor });
    return this.#key(kid);
  }

  async retireKey(name: string, force: boolean, actor?: string) {
    const { kid, file, stranded } = await this.keyring.retire(name, force);
    this.#logger.log({ msg: 'signing key retired', kid, force, actor });
    return { key: await this.#key(kid), file, stranded };
  }

  async confirmClock(actor?: string): Promise<number> {
    const confirmed = await this.clock.confirm();
    this.#logger.log({ msg: 'the clock was confirmed by an operator', actor });
    return confirmed;
  }

  /** One license alone warns of a token that lies ahead and needs no repair, too. */
  async #shown(lid: string): Promise<LicenseView> {
    const overview = await this.register.show(lid);
    const view = this.#view(overview);
    return { ...view, warning: view.warning ?? laterTokenWarning(overview.license, this.#now) };
  }

  #view(overview: LicenseOverview): LicenseView {
    const { license } = overview;
    const warning = isAhead(license, this.#now) ? aheadWarning(license, this.#now) : null;
    return { ...publicView(overview), warning };
  }

  get #now(): number {
    return toSeconds(this.clock.moment.getTime());
  }

  async #key(kid: string): Promise<KeyView> {
    return (await this.keys()).find((key) => key.kid === kid) as KeyView;
  }
}
