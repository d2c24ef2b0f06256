import { createLogger } from '../../src/http/logger.js';
import { type Environment } from '../../src/config/environment.js';
import { loadServiceConfig } from '../../src/config/service-config.js';
import { askServer } from '../../src/database/server-time.js';
import { type RunningService, type ServiceOptions, startService } from '../../src/service.js';
import { FakeClock } from './fake-clock.js';
import type { TestDatabase } from './database.js';
import { validateExchange } from './openapi.js';

export const BOOTSTRAP_TOKEN = 'bootstrap-token-of-the-tests-0123456789';

/** One request to the service under test. */
export interface Call {
  /** Sent as JSON, unless it is text or bytes: those are sent as they are. */
  readonly body?: unknown;
  /** The bearer token; the bootstrap token unless given, null for none. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; the text where it is no JSON. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into it as they please
  readonly body: any;
}

/** The service in this process, on a database and a port of its own, called over real HTTP. */
export class TestService {
  private constructor(
    readonly running: RunningService,
    readonly clock: FakeClock,
  ) {}

  /**
   * @param environment - what the process would be started with, over the tests' defaults
   * @param logger - where the log goes; nowhere unless given, or named by `TEST_LOG_LEVEL`
   */
  static async start(
    database: TestDatabase,
    environment: Environment = {},
    logger = createLogger(process.env.TEST_LOG_LEVEL ?? 'silent'),
  ): Promise<TestService> {
    const clock = new FakeClock();
    const config = loadServiceConfig({
      PORT: '0',
      DATABASE_URL: database.url,
      BOOTSTRAP_TOKEN,
      RATE_LIMIT_WRITES_PER_MINUTE: '1000000',
      RATE_LIMIT_ALL_WRITES_PER_MINUTE: '1000000',
      RATE_LIMIT_FAILURES_PER_MINUTE: '1000000',
      RATE_LIMIT_ALL_FAILURES_PER_MINUTE: '1000000',
      MAX_REQUESTS_IN_WORK: '10000',
      MAX_SERVICE_ACCOUNTS: '10000',
      MAX_TOKENS_PER_ACCOUNT: '1000',
      ISSUER_ALLOW_INSECURE_HTTP: 'true',
      // Tests count what the issuer is asked: they say when it is.
      AUTO_REFRESH_LICENSE: 'false',
      ...environment,
    });
    const options: ServiceOptions = {
      clock,
      serverTime: async (manager) => (await askServer(manager)) + clock.shift,
      boot: () => clock.boot(),
    };
    return new TestService(await startService(config, logger, options), clock);
  }

  get url(): string {
    return this.running.url;
  }

  /**
   * Calls the service, and compares the exchange with docs/openapi.yaml: an undocumented one fails the test.
   */
  async call(
    method: string,
    path: string,
    { body, token = BOOTSTRAP_TOKEN, headers = {} }: Call = {},
  ): Promise<Reply> {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
      redirect: 'manual',
    });
    const text = await response.text();
    const exchange = {
      method,
      path,
      status: response.status,
      headers: response.headers,
      ...(text === '' ? {} : { body: text }),
      ...(body === undefined ? {} : { requestBody: body }),
    };
    const violations = validateExchange(exchange);
    if (violations.length > 0) {
      throw new Error(`${method} ${path} answered ${response.status}: ${violations.join('; ')}\n${text}`);
    }
    return { status: response.status, headers: response.headers, text, body: parsed(text) };
  }

  async get(path: string, call?: Call): Promise<Reply> {
    return this.call('GET', path, call);
  }

  async post(path: string, body?: unknown, call?: Call): Promise<Reply> {
    return this.call('POST', path, { ...call, body });
  }

  async delete(path: string, body?: unknown, call?: Call): Promise<Reply> {
    return this.call('DELETE', path, { ...call, body });
  }

  /** A new service account with these roles. @returns its id and a token */
  async caller(...roleUids: string[]): Promise<{ id: number; token: string; tokenId: number }> {
    accounts += 1;
    const account = await this.post('/api/serviceaccounts', { name: `caller ${accounts}` });
    for (const roleUid of roleUids) {
      await this.post(`/api/access-control/users/${account.body.id}/roles`, { roleUid });
    }
    const token = await this.post(`/api/serviceaccounts/${account.body.id}/tokens`, { name: 'token' });
    return {
      id: account.body.id as number,
      token: token.body.key as string,
      tokenId: token.body.id as number,
    };
  }

  async stop(): Promise<void> {
    await this.running.application.close(0);
  }
}

let accounts = 0;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
