import { createHash } from 'node:crypto';
import { Database } from '../../src/database/database.js';
import { createLogger } from '../../src/http/logger.js';
import { SnapshotService } from '../../src/snapshot/snapshot.service.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { FakeIssuer } from '../support/fake-issuer/fake-issuer.js';
import { actionsIn, letsIn, operations } from '../support/openapi.js';
import { BOOTSTRAP_TOKEN, TestService } from '../support/service.js';
import { findings, requiredAction } from './answer-oracle.js';
import type { Credentials, FuzzRequest } from './fuzz-request.js';
import { Wire, type WireAnswer } from './wire.js';

export const ROOT_URL = 'http://localhost:3000/';
export const LICENSING_READER = 'fixed_OADpuXvNEylO2Kelu3GIuBXEAYE';
export const LICENSING_WRITER = 'fixed_gzbz3rJpQMdaKHt-E4q0PVaKMoE';
export const ACCOUNTS_WRITER = 'fixed_iBvUNUEZBZ7PUW0vdkN5iojc2sk';
const ADMIN_NAME = 'fuzz-administrator';
const ADMIN_PASSWORD = 'the-password-of-the-fuzzer-0123456789';
/** In bodies, paths, queries and headers of requests: it must never be found in the log. */
export const CANARY = 'canary-4c1f0b7e-never-logged';

const EVERYTHING = new Set(operations().flatMap(({ requiredAction: needed }) => actionsIn(needed)));
const NOTHING: ReadonlySet<string> = new Set();

/** The license that has to be in use, by what was answered so far. */
interface ExpectedLicense {
  readonly lid: string;
  readonly jti: string;
}

/** Digests of what the database holds but for times of last use. */
const TABLES = [
  'SELECT to_jsonb(t) FROM license t',
  'SELECT to_jsonb(t) FROM license_revocation t ORDER BY iss, lid',
  'SELECT to_jsonb(t) FROM renewal_attempt t ORDER BY id',
  'SELECT to_jsonb(t) FROM service_account t ORDER BY id',
  "SELECT to_jsonb(t) - 'last_used_at' FROM service_account_token t ORDER BY id",
  'SELECT to_jsonb(t) FROM custom_role t ORDER BY uid',
  'SELECT to_jsonb(t) FROM role_assignment t ORDER BY service_account_id, role_uid',
  "SELECT to_jsonb(t) - '{number,hash}'::text[] FROM audit_event t ORDER BY id",
  'SELECT to_jsonb(t) FROM snapshot_version t',
];

/**
 * The service under fuzz, with a model of what it has to be like: which license is in use, who may do what, what is
 * secret. {@link exchange} finds what an answer does wrong, {@link assertConsistent} what it did not tell.
 */
export class FuzzTarget {
  /** Answers so far by status, without those to the model's own requests. */
  readonly statuses = new Map<number, number>();
  readonly #log: string[] = [];
  readonly #genuine = new Map<string, ExpectedLicense>();
  /** Tokens that were shown once: nobody is shown them again. */
  readonly #keys: string[] = [];
  #callers: Credentials[] = [];
  /** Accounts whose rights the model relies on: nobody changes them. */
  readonly #untouched = new Set<string>();
  #license: ExpectedLicense | undefined;
  #wire: Wire | undefined;

  private constructor(
    private readonly database: TestDatabase,
    readonly issuer: FakeIssuer,
    readonly service: TestService,
    log: string[],
  ) {
    this.#log = log;
  }

  static async start(): Promise<FuzzTarget> {
    const database = await testDatabase();
    const issuer = await FakeIssuer.start();
    const log: string[] = [];
    const service = await TestService.start(
      database,
      {
        ISSUER_URL: issuer.url,
        ROOT_URL,
        ADMIN_USER: ADMIN_NAME,
        ADMIN_PASSWORD,
      },
      createLogger('trace', { write: (line: string) => void log.push(line) }),
    );
    const target = new FuzzTarget(database, issuer, service, log);
    try {
      await target.#prepare();
    } catch (error) {
      await target.stop();
      throw error;
    }
    return target;
  }

  async #prepare(): Promise<void> {
    const bearer = (name: string, token: string, actions: ReadonlySet<string>): Credentials => ({
      name,
      authorization: [`Bearer ${token}`],
      actions,
    });
    const caller = async (...roles: string[]) => {
      const account = await this.service.caller(...roles);
      this.#untouched.add(String(account.id));
      return account;
    };
    const reader = await caller(LICENSING_READER);
    const writer = await caller(LICENSING_WRITER);
    const accounts = await caller(ACCOUNTS_WRITER);
    const nobody = await caller();
    const revoked = await caller(LICENSING_WRITER);
    await this.service.call('PATCH', `/api/serviceaccounts/${revoked.id}/tokens/${revoked.tokenId}`, {
      body: { isRevoked: true },
    });
    const disabled = await caller(LICENSING_WRITER);
    await this.service.call('PATCH', `/api/serviceaccounts/${disabled.id}`, { body: { isDisabled: true } });
    const expired = await caller(LICENSING_WRITER);
    const short = { name: 'short', secondsToLive: 1 };
    const { body } = await this.service.post(`/api/serviceaccounts/${expired.id}/tokens`, short);
    this.service.clock.advance(2_000);
    const read = ['licensing:read', 'licensing.reports:read'];
    const write = [...read, 'licensing:write', 'licensing:delete'];
    const manage = ['read', 'create', 'write', 'delete'].map((verb) => `serviceaccounts:${verb}`);
    this.#callers = [
      bearer('bootstrap', BOOTSTRAP_TOKEN, EVERYTHING),
      {
        name: 'administrator',
        authorization: [`Basic ${Buffer.from(`${ADMIN_NAME}:${ADMIN_PASSWORD}`).toString('base64')}`],
        actions: EVERYTHING,
      },
      bearer('reader', reader.token, new Set(read)),
      bearer('writer', writer.token, new Set(write)),
      bearer('accounts', accounts.token, new Set(manage)),
      bearer('an account without roles', nobody.token, NOTHING),
      bearer('a revoked token', revoked.token, NOTHING),
      bearer('a disabled account', disabled.token, NOTHING),
      bearer('an expired token', String(body.key), NOTHING),
      { name: 'a stranger', authorization: [], actions: NOTHING },
    ];
    await this.installLicense();
  }

  /** Everybody whom the model knows. */
  get callers(): readonly Credentials[] {
    return this.#callers;
  }

  caller(name: string): Credentials {
    const found = this.#callers.find((candidate) => candidate.name === name);
    if (found === undefined) throw new Error(`there is no caller ${name}`);
    return found;
  }

  /** License tokens that the issuer really signed for this instance. */
  get genuineTokens(): readonly string[] {
    return [...this.#genuine.keys()];
  }

  get secrets(): string[] {
    return [
      BOOTSTRAP_TOKEN,
      ADMIN_PASSWORD,
      ...this.#callers.flatMap(secretOf),
      ...this.#genuine.keys(),
      ...this.#keys,
    ];
  }

  /** Has the issuer sign a license. */
  sign(lid: string, iatOffset = 0): string {
    const jti = `${lid}-${iatOffset}-${this.#genuine.size}`;
    const claims = this.issuer.claims({ lid, jti });
    const token = this.issuer.token({ ...claims, iat: Number(claims.iat) + iatOffset });
    this.#genuine.set(token, { lid, jti });
    return token;
  }

  /** Puts a license in use that is newer than any other. */
  async installLicense(): Promise<void> {
    const token = this.sign(`license-${this.#genuine.size}`);
    const { status } = await this.service.post('/api/licensing/token', { token });
    if (status !== 200) throw new Error(`the license of the fuzzer was refused with ${status}`);
    this.#license = this.#genuine.get(token);
  }

  /** An account with two tokens that requests may do with what they please. */
  async victim(): Promise<{ id: number; tokenIds: number[]; name: string }> {
    const { id, tokenId } = await this.service.caller();
    const { body } = await this.service.post(`/api/serviceaccounts/${id}/tokens`, { name: 'second' });
    return { id, tokenIds: [tokenId, Number(body.id)], name: `victim ${id}` };
  }

  /** Whether a path names an account that the model relies on. */
  touchesTheModel(path: string): boolean {
    const id = /^\/api\/(?:serviceaccounts|access-control\/users)\/([^/]*)/.exec(path)?.[1];
    try {
      return id !== undefined && this.#untouched.has(decodeURIComponent(id));
    } catch {
      return false;
    }
  }

  /**
   * Sends a request and reads its one answer.
   * @throws WireError where there is none, or more than one
   */
  async send(request: FuzzRequest): Promise<WireAnswer> {
    if (this.#wire === undefined || this.#wire.closed) this.#wire = await Wire.open(this.service.url);
    const wire = this.#wire;
    if (wire.leftover() !== '') throw new Error(`a second answer to one request: ${wire.leftover()}`);
    wire.write(request.bytes);
    const answer = await wire.answer(request.method === 'HEAD');
    if (answer === undefined) throw new Error('the connection was closed without an answer');
    this.count(answer);
    if (wire.leftover() !== '') throw new Error(`more than one answer: ${wire.leftover()}`);
    if (answer.headers.connection === 'close') {
      const more = await wire.answer(false);
      if (more !== undefined) throw new Error(`an answer after the last: ${more.status} ${more.text}`);
      this.#wire = undefined;
    }
    return answer;
  }

  count({ status }: { readonly status: number }): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }

  /** Sends a request, and throws when its answer, or what it did, is not what the contract says. */
  async exchange(request: FuzzRequest): Promise<WireAnswer> {
    const before = this.#version;
    const answer = await this.send(request);
    const found = findings(request, answer, this.secrets);
    const action = requiredAction(request.method, request.path);
    const mayWrite =
      action !== undefined && actionsIn(action).length > 0 && letsIn(action, request.credentials.actions);
    if (!mayWrite && this.#version !== before) {
      found.push('a request of somebody who may not do so changed something');
    }
    found.push(...this.#observe(request, answer));
    if (found.length > 0) {
      throw new Error(
        `${found.join('; ')}\n${answer.status} ${JSON.stringify(answer.headers)}\n${answer.text}`,
      );
    }
    return answer;
  }

  /** Follows what a success did to the license, and finds one that must not have been. */
  #observe({ method, path, body }: FuzzRequest, { status, text }: WireAnswer): string[] {
    if (status >= 300) return [];
    if (method === 'POST' && path.endsWith('/tokens'))
      this.#keys.push((JSON.parse(text) as { key: string }).key);
    if (!path.startsWith('/api/licensing/token')) return [];
    if (method === 'POST' && path === '/api/licensing/token') {
      const { token } = JSON.parse(Buffer.from(body ?? []).toString('utf8')) as { token: string };
      if (!this.#genuine.has(token)) return ['a token that the issuer did not make was installed'];
      this.#license = JSON.parse(text) as ExpectedLicense;
    } else if (method === 'POST' && path.endsWith('/rollback')) {
      this.#license = (JSON.parse(text) as { license: ExpectedLicense }).license;
    } else if (method === 'POST' && !path.endsWith('/inspect')) {
      this.#license = JSON.parse(text) as ExpectedLicense;
    } else if (method === 'DELETE') {
      const { instance } = JSON.parse(Buffer.from(body ?? []).toString('utf8')) as { instance: string };
      if (new URL(instance).href !== ROOT_URL) return ['a license was removed for another instance'];
      this.#license = undefined;
    }
    return [];
  }

  get #version(): number | undefined {
    return this.service.running.application.nest.get(SnapshotService).current?.version;
  }

  /** What all tables hold, as one text. */
  async digest(): Promise<string> {
    const database = this.service.running.application.nest.get(Database);
    const hash = createHash('sha256');
    for (const query of TABLES) {
      hash.update(JSON.stringify(await database.read(async (manager) => manager.query<object[]>(query))));
    }
    return hash.digest('hex');
  }

  /**
   * After a batch: the service says of the license what the model knows, is well, and its log has no fault and no secret.
   * @throws Error with what is wrong
   */
  async assertConsistent(): Promise<void> {
    const expected = this.#license;
    const { body: checked } = await this.service.get('/api/licensing/check');
    const { body } = await this.service.get('/api/licensing/token');
    const held = body as { lid: string; jti: string; status: number };
    const found: string[] = [];
    if (checked !== (expected !== undefined)) found.push(`check is ${String(checked)}`);
    if (held.status !== (expected === undefined ? 4 : 1))
      found.push(`the license's status is ${held.status}`);
    if (held.lid !== (expected?.lid ?? '') || held.jti !== (expected?.jti ?? '')) {
      found.push(`the license is ${held.lid}/${held.jti}, not ${JSON.stringify(expected)}`);
    }
    if ((await this.service.get('/api/health')).status !== 200) found.push('the service is not well');
    found.push(...this.#logFindings());
    if (found.length > 0) throw new Error(found.join('; '));
  }

  #logFindings(): string[] {
    const lines = this.#log.splice(0);
    const faults = lines.filter((line) => {
      const { level, msg } = JSON.parse(line) as { level: number; msg?: string };
      return level >= 50 || msg === 'unexpected error';
    });
    const text = lines.join('');
    const told = [...this.secrets, CANARY].filter((secret) => text.includes(secret));
    return [
      ...faults.slice(0, 3).map((line) => `the log has a fault: ${line}`),
      ...told.map((secret) => `the log tells ${secret.slice(0, 12)}…`),
    ];
  }

  async stop(): Promise<void> {
    this.#wire?.destroy();
    await this.service.stop();
    await this.issuer.stop();
    await this.database.drop();
  }
}

function secretOf({ authorization }: Credentials): string[] {
  return authorization.map((value) => value.slice(value.indexOf(' ') + 1));
}
