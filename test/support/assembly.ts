import { PARAMTYPES_METADATA, SELF_DECLARED_DEPS_METADATA } from '@nestjs/common/constants.js';
import { BOOT, systemBoot } from '../../src/clock/boot.js';
import { askServer, SERVER_TIME } from '../../src/database/server-time.js';
import { ACTIVE_LICENSE } from '../../src/domain/license/active-license.js';
import { ISSUER_REPORTING } from '../../src/domain/usage/issuer-reporting.js';
import { LicenseReader } from '../../src/licensing/license/license-reader.js';
import { IssuerReports } from '../../src/usage/reports/issuer-reports.js';

export type Class<T> = new (...args: never[]) => T;

/** What the modules provide under an injection token. */
const PROVIDED = new Map<unknown, Class<unknown>>([
  [ACTIVE_LICENSE, LicenseReader],
  [ISSUER_REPORTING, IssuerReports],
]);

/** Real objects, made as Nest makes them but a thousand times as fast: by what their constructors ask for. */
export class Assembly {
  readonly #made: Map<unknown, unknown>;

  /**
   * @param given - what is there already, by its injection token
   * @param instead - classes that are made in the place of others
   */
  constructor(
    given: Iterable<readonly [unknown, unknown]>,
    private readonly instead: ReadonlyMap<unknown, Class<unknown>> = new Map(),
  ) {
    this.#made = new Map<unknown, unknown>([[BOOT, systemBoot], [SERVER_TIME, askServer], ...given]);
  }

  get<T>(type: Class<T>): T {
    return this.#resolve(type) as T;
  }

  #resolve(token: unknown): unknown {
    const other = this.instead.get(token) ?? PROVIDED.get(token);
    if (other !== undefined && !this.#made.has(token)) this.#made.set(token, this.#resolve(other));
    if (!this.#made.has(token)) {
      const type = token as Class<object>;
      const types = (Reflect.getMetadata(PARAMTYPES_METADATA, type) ?? []) as unknown[];
      const named = (Reflect.getMetadata(SELF_DECLARED_DEPS_METADATA, type) ?? []) as {
        index: number;
        param: unknown;
      }[];
      const tokens = types.map((asked, index) => named.find((one) => one.index === index)?.param ?? asked);
      const made = new type(...(tokens.map((asked) => this.#resolve(asked)) as never[])) as {
        onModuleInit?(): void;
      };
      this.#made.set(token, made);
      made.onModuleInit?.();
    }
    return this.#made.get(token);
  }
}
