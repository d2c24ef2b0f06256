import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { loadIssuerServerConfig } from '../../src/config/issuer-server-config.js';
import type { Environment } from '../../src/config/environment.js';
import type { LocalAdministration } from '../../src/issuer-server/administration/local-administration.js';
import {
  type IssuerServerOptions,
  type RunningIssuerServer,
  startIssuerServer,
  withIssuerServer,
} from '../../src/issuer-server/issuer-server.js';
import type { IssuedLicense } from '../../src/issuer-server/licenses/license-administration.js';
import type { LicenseTerms } from '../../src/issuer-server/licenses/license-terms.js';
import { askServer } from '../../src/database/server-time.js';
import { type KeySet, readKeySet } from '../../src/domain/token/key-set.js';
import type { LicensePolicy } from '../../src/domain/license/license.js';
import { parseRootUrl } from '../../src/domain/root-url.js';
import { createLogger } from '../../src/http/logger.js';
import type { TestDatabase } from '../support/database.js';
import { FakeClock } from '../support/fake-clock.js';

export const ISSUER_ID = 'https://issuer.example.com';
export const INSTANCE = 'https://licentia.example.com/app/';

/** A policy that takes the licenses of {@link TestIssuerServer}. */
export const policy: LicensePolicy = {
  issuer: ISSUER_ID,
  rootUrl: parseRootUrl(INSTANCE),
  products: ['grafana-enterprise'],
};

/** How a renewal differs from a right one; null leaves something out. */
export interface RenewalRequestParts {
  readonly token?: string | null;
  readonly key?: string | null;
  readonly body?: unknown;
  readonly headers?: readonly (readonly [string, string])[];
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into it as they please
  readonly body: any;
}

let keys = 0;
let licenses = 0;

/** A database server shows the time of the same world as the clock. */
export function optionsOf(clock: FakeClock): IssuerServerOptions {
  return {
    clock,
    serverTime: async (manager) => (await askServer(manager)) + clock.shift,
    boot: () => clock.boot(),
  };
}

/** What an operator does on the database of an issuer that does not run. */
export async function operate<T>(
  { url }: Pick<TestDatabase, 'url'>,
  work: (operator: LocalAdministration) => Promise<T>,
  { issuerId = ISSUER_ID, ...options }: IssuerServerOptions & { readonly issuerId?: string } = {},
): Promise<T> {
  const config = loadIssuerServerConfig({ DATABASE_URL: url, ISSUER_ID: issuerId });
  return withIssuerServer(config, async ({ administration }) => work(administration), options);
}

/** The issuer in this process, called over real HTTP. */
export class TestIssuerServer {
  private constructor(
    readonly running: RunningIssuerServer,
    readonly clock: FakeClock,
  ) {}

  static async start(
    database: TestDatabase,
    clock = new FakeClock(),
    environment: Environment = {},
  ): Promise<TestIssuerServer> {
    const config = loadIssuerServerConfig({
      PORT: '0',
      DATABASE_URL: database.url,
      ISSUER_ID,
      ...environment,
    });
    const logger = createLogger(process.env.TEST_LOG_LEVEL ?? 'silent');
    return new TestIssuerServer(await startIssuerServer(config, logger, optionsOf(clock)), clock);
  }

  /** Unix seconds. */
  get now(): number {
    return Math.floor(this.clock.now() / 1000);
  }

  /** A license that was issued long enough ago for several renewals. */
  async issued(terms: Partial<LicenseTerms> = {}): Promise<IssuedLicense> {
    licenses += 1;
    const issued = await this.running.issuer.issue({ sub: INSTANCE, lid: `license-${licenses}`, ...terms });
    this.clock.advance(60_000);
    return issued;
  }

  async keySet(): Promise<KeySet> {
    return readKeySet((await this.get('/.well-known/jwks.json')).body as never);
  }

  async get(path: string): Promise<Reply> {
    return read(await fetch(`${this.running.url}${path}`));
  }

  /** One renewal, under a key of its own unless one is given. */
  async renew({ token, key, body, headers = [] }: RenewalRequestParts): Promise<Reply> {
    keys += 1;
    const allHeaders: [string, string][] = headers.map(([name, value]) => [name, value]);
    if (token != null) allHeaders.push(['Authorization', `Bearer ${token}`]);
    if (key !== null) allHeaders.push(['Idempotency-Key', key ?? `attempt-${keys}`]);
    allHeaders.push(['Content-Type', 'application/json']);
    return read(
      await fetch(`${this.running.url}/v1/licenses/renew`, {
        method: 'POST',
        headers: allHeaders,
        body: JSON.stringify(body ?? { instance: INSTANCE, version: '1.0.0' }),
      }),
    );
  }

  /** What only an earlier release, a mistake or a backup could have done to the database. */
  async query(sql: string, parameters: readonly unknown[] = []): Promise<unknown> {
    const dataSource = this.running.application.nest.get<DataSource>(getDataSourceToken('issuer-server'));
    return dataSource.query(sql, [...parameters]);
  }

  async stop(): Promise<void> {
    await this.running.application.close(0);
  }
}

async function read(response: Response): Promise<Reply> {
  const text = await response.text();
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // and the text is the body
  }
  return { status: response.status, headers: response.headers, body };
}
