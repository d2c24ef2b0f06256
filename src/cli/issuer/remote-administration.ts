import { randomUUID } from 'node:crypto';
import type {
  GivenToken,
  IssuerAdministration,
  KeyView,
  LicenseUsageView,
  LicenseView,
  EventView,
  RetiredKeyView,
  UsageView,
} from '../../issuer-server/administration/issuer-administration.js';
import type { PublicJwk } from '../../domain/token/verification-key.js';
import { membersOfTerms } from '../../issuer-server/administration/terms-members.js';
import type { SigningAlgorithm } from '../../issuer-server/keys/new-signing-key.js';
import type { Prolongation } from '../../issuer-server/licenses/license-administration.js';
import type { LicenseChange } from '../../issuer-server/licenses/license-change.js';
import type { LicenseTerms } from '../../issuer-server/licenses/license-terms.js';
import { CommandError } from '../command-error.js';
import { ExitCode } from '../exit-code.js';
import type { IssuerHttp } from './issuer-http.js';

const KEYS = 'Look first: "licentia issuer keys list".';

/** What operators do, at an issuer that runs. Each method throws IssuerCallError. */
export class RemoteAdministration implements IssuerAdministration {
  constructor(private readonly http: IssuerHttp) {}

  async list(): Promise<readonly LicenseView[]> {
    return (await this.http.call<Licenses<LicenseView>>('GET', 'licenses', { members: ['licenses'] }))
      .licenses;
  }

  async uses(): Promise<readonly LicenseUsageView[]> {
    return (await this.http.call<Licenses<LicenseUsageView>>('GET', 'usage', { members: ['licenses'] }))
      .licenses;
  }

  async show(lid: string) {
    return (
      await this.http.call<{ license: LicenseView & { usage: UsageView } }>('GET', pathOf(lid), {
        members: ['license'],
      })
    ).license;
  }

  async historyOf(lid: string): Promise<readonly EventView[]> {
    const path = `${pathOf(lid)}/history`;
    return (await this.http.call<{ events: EventView[] }>('GET', path, { members: ['events'] })).events;
  }

  /** Gives the license an id before the call, so that a repetition issues nothing twice. */
  async issue(terms: LicenseTerms): Promise<GivenToken> {
    const lid = terms.lid ?? randomUUID();
    return this.http.call('POST', 'licenses', {
      body: membersOfTerms({ ...terms, lid }),
      members: ['license', 'token'],
      ...nextOf(lid),
      ifLost: `Repeat the command with --lid ${lid}: nothing is issued twice.`,
    });
  }

  async change(lid: string, change: LicenseChange): Promise<{ license: LicenseView; changed: boolean }> {
    return this.http.call('PATCH', pathOf(lid), {
      body: membersOfTerms(change),
      members: ['license', 'changed'],
      ...nextOf(lid),
    });
  }

  async token(lid: string): Promise<GivenToken> {
    return this.http.call('POST', `${pathOf(lid)}/token`, { members: ['license', 'token'], ...nextOf(lid) });
  }

  async suspend(lid: string): Promise<LicenseView> {
    return this.#decide(lid, 'suspend');
  }

  async resume(lid: string): Promise<LicenseView> {
    return this.#decide(lid, 'resume');
  }

  async revoke(lid: string): Promise<LicenseView> {
    return this.#decide(lid, 'revoke');
  }

  /** Days are added again by each call, so that one is not repeated by itself. */
  async prolong(lid: string, by: Prolongation): Promise<LicenseView> {
    const { license } = await this.http.call<License>('POST', `${pathOf(lid)}/prolong`, {
      body: by,
      members: ['license'],
      ...nextOf(lid),
      ...('days' in by && {
        lookAt: `Look first: "licentia issuer show ${lid}". A repetition adds the days again.`,
      }),
    });
    return license;
  }

  async repair(lid: string): Promise<{ license: LicenseView; repaired: boolean }> {
    return this.http.call('POST', `${pathOf(lid)}/repair`, {
      members: ['license', 'repaired'],
      ...nextOf(lid),
    });
  }

  async repairAll(): Promise<readonly LicenseView[]> {
    return (await this.http.call<Licenses<LicenseView>>('POST', 'repair', { members: ['licenses'] }))
      .licenses;
  }

  async keys(): Promise<readonly KeyView[]> {
    return (await this.http.call<{ keys: KeyView[] }>('GET', 'keys', { members: ['keys'] })).keys;
  }

  /** Published beside the routes for operators, for every service. */
  async keySet(): Promise<{ readonly keys: readonly PublicJwk[] }> {
    return this.http.call('GET', '../../.well-known/jwks.json', { members: ['keys'] });
  }

  /** @throws CommandError for a file, which is on another machine or may be */
  async addKey(algorithm?: SigningAlgorithm, file?: string): Promise<KeyView> {
    if (file !== undefined)
      throw new CommandError(
        ExitCode.Usage,
        'A file with a private key is read on the machine of the issuer only, never over HTTP.',
        'Run it there with --database: on PostgreSQL at any time, on an embedded database while the issuer is stopped.',
      );
    const body = algorithm === undefined ? {} : { algorithm };
    return (await this.http.call<{ key: KeyView }>('POST', 'keys', { body, members: ['key'], lookAt: KEYS }))
      .key;
  }

  async activateKey(kid: string, force: boolean): Promise<KeyView> {
    return (await this.#ofKey<{ key: KeyView }>(kid, 'activate', force, ['key'])).key;
  }

  async retireKey(kid: string, force: boolean): Promise<RetiredKeyView> {
    return this.#ofKey(kid, 'retire', force, ['key', 'stranded']);
  }

  async confirmClock(): Promise<number> {
    const path = 'clock/confirm';
    return (await this.http.call<{ confirmed_at: number }>('POST', path, { members: ['confirmed_at'] }))
      .confirmed_at;
  }

  async #decide(lid: string, verb: string): Promise<LicenseView> {
    const path = `${pathOf(lid)}/${verb}`;
    return (await this.http.call<License>('POST', path, { members: ['license'], ...nextOf(lid) })).license;
  }

  async #ofKey<T>(kid: string, verb: string, force: boolean, members: readonly string[]): Promise<T> {
    const path = `keys/${segmentOf(kid)}/${verb}`;
    return this.http.call('POST', path, { body: { force }, members, lookAt: KEYS, next: KEYS });
  }
}

interface Licenses<View> {
  readonly licenses: readonly View[];
}

interface License {
  readonly license: LicenseView;
}

function pathOf(lid: string): string {
  return `licenses/${segmentOf(lid)}`;
}

/** @throws CommandError for what an address takes for a step: "repair .." would repair every license */
function segmentOf(id: string): string {
  if (id === '.' || id === '..') throw new CommandError(ExitCode.No, `Nothing has the id "${id}".`);
  return encodeURIComponent(id);
}

function nextOf(lid: string): { readonly next: string } {
  return { next: `"licentia issuer show ${lid}" shows it.` };
}
