import {
  createServer,
  type IncomingMessage,
  request as send,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { type AccessGuard, callerOf } from '../../src/access/access.guard.js';
import { OpenToAll, RequireAction } from '../../src/http/require-action.decorator.js';
import { createServiceAccountToken } from '../../src/access/service-account-token.js';
import { loadServiceConfig } from '../../src/config/service-config.js';
import { AccessDeniedError } from '../../src/domain/access-denied-error.js';
import { ServiceError } from '../../src/domain/service-error.js';
import { clientAddress } from '../../src/http/client-address.js';
import { beginRequest, contextOf } from '../../src/http/request-context.js';
import { AccessStage, guardOver, tokenOf } from './access-stage.js';

const BOOTSTRAP = 'bootstrap-token-of-the-guard-0123456789';
const READER = createServiceAccountToken();
const NEWCOMER = createServiceAccountToken();

class Endpoints {
  @RequireAction('licensing:read')
  read(): void {}

  @RequireAction('licensing:write')
  write(): void {}

  @OpenToAll()
  open(): void {}

  forgotten(): void {}
}

/** What the guard decided about one request, and what it left behind for those who come after it. */
interface Decision {
  /** `admitted`, the code of the refusal, or the name of another error. */
  readonly outcome: string;
  /** Whether it was decided at once, without asking the database. */
  readonly atOnce: boolean;
  /** Whom a handler would see, null for nobody. */
  readonly caller: string | null;
  /** Whom the request's log line names, null for nobody. */
  readonly logged: string | null;
  readonly needed?: readonly string[];
  readonly reason?: string;
}

let stage: AccessStage;
let guard: AccessGuard;
let server: Server;

beforeAll(async () => {
  stage = await AccessStage.open();
  const { snapshots } = stage;
  await stage.publish(READER, tokenOf(1, ['licensing:read']));
  await snapshots.refresh();
  const config = loadServiceConfig({
    BOOTSTRAP_TOKEN: BOOTSTRAP,
    ADMIN_USER: 'admin',
    ADMIN_PASSWORD: 'a long password',
  });
  guard = guardOver(stage, config);
  const clientOf = clientAddress([]);
  server = createServer((request, response) => {
    beginRequest(request, { client: clientOf(request), fromUnnamedProxy: false });
    void decide(request, response, (request.url ?? '').slice(1) as keyof Endpoints).then((decision) => {
      response.end(JSON.stringify(decision));
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});

afterAll(async () => {
  await new Promise((closed) => server.close(closed));
  await stage.close();
});

async function decide(
  request: IncomingMessage,
  response: ServerResponse,
  handler: keyof Endpoints,
): Promise<Decision> {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- a handler is looked at, never called
  const context = new ExecutionContextHost([request, response], Endpoints, Endpoints.prototype[handler]);
  let atOnce = true;
  let outcome = 'admitted';
  let denied: Pick<AccessDeniedError, 'needed' | 'reason'> | undefined;
  try {
    const decision = guard.canActivate(context);
    atOnce = !(decision instanceof Promise);
    if ((await decision) !== true) outcome = 'no decision';
  } catch (error) {
    if (error instanceof AccessDeniedError) denied = { needed: error.needed, reason: error.reason };
    outcome = error instanceof ServiceError ? error.code : (error as Error).name;
  }
  const logged = contextOf(request).callerId ?? null;
  return { outcome, atOnce, caller: seenBy(request), logged, ...denied };
}

function seenBy(request: Parameters<typeof callerOf>[0]): string | null {
  try {
    return callerOf(request).id;
  } catch (error) {
    if ((error as Error).message !== 'nobody was let in') throw error;
    return null;
  }
}

/** Asks over real HTTP, with the header lines exactly as they are given: name, value, name, value. */
async function ask(handler: keyof Endpoints, ...lines: string[]): Promise<Decision> {
  return askFrom('127.0.0.1', handler, ...lines);
}

async function askFrom(
  localAddress: string,
  handler: keyof Endpoints,
  ...lines: string[]
): Promise<Decision> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const request = send(
      {
        host: '127.0.0.1',
        localAddress,
        port,
        path: `/${handler}`,
        agent: false,
        headers: ['Host', 'localhost', ...lines],
      },
      (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk));
        response.on('end', () => resolve(JSON.parse(text) as Decision));
      },
    );
    request.on('error', reject);
    request.end();
  });
}

const bearer = (token: string): [string, string] => ['Authorization', `Bearer ${token}`];
const basic = (name: string, password: string): [string, string] => [
  'Authorization',
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
];

describe('The guard', () => {
  it('lets in who holds the action, at once, and says to handler and log who it is', async () => {
    const service = {
      outcome: 'admitted',
      atOnce: true,
      caller: 'service-account:1',
      logged: 'service-account:1',
    };
    expect(await ask('read', ...bearer(READER))).toEqual(service);
    const bootstrap = { outcome: 'admitted', atOnce: true, caller: 'bootstrap', logged: 'bootstrap' };
    expect(await ask('write', ...bearer(BOOTSTRAP))).toEqual(bootstrap);
  });

  it('refuses a caller without the action, names the action, and calls no handler; the log has it', async () => {
    expect(await ask('write', ...bearer(READER))).toEqual({
      outcome: 'AccessDeniedError',
      atOnce: true,
      caller: null,
      logged: 'service-account:1',
      needed: ['licensing:write'],
      reason: 'service-account:1 lacks licensing:write',
    });
  });

  it('refuses an endpoint without a rule to every caller, with any actions', async () => {
    expect(await ask('forgotten', ...bearer(BOOTSTRAP))).toEqual({
      outcome: 'AccessDeniedError',
      atOnce: true,
      caller: null,
      logged: 'bootstrap',
      needed: [],
      reason: 'the endpoint declares no action',
    });
    expect(await ask('forgotten')).toMatchObject({
      outcome: 'auth.unauthorized',
      caller: null,
      logged: null,
    });
  });

  it('lets every caller use an open endpoint, and looks at no credentials there', async () => {
    const open = { outcome: 'admitted', atOnce: true, caller: null, logged: null };
    expect(await ask('open')).toEqual(open);
    expect(await ask('open', ...bearer('wrong'))).toEqual(open);
    expect(await ask('open', ...bearer(READER), ...bearer(READER))).toEqual(open);
  });

  it('knows nobody without credentials', async () => {
    const nobody = { outcome: 'auth.unauthorized', atOnce: true, caller: null, logged: null };
    expect(await ask('read')).toEqual(nobody);
    expect(await ask('read', 'X-Authorization', `Bearer ${BOOTSTRAP}`)).toEqual(nobody);
  });

  it('takes one Authorization header, in any letter case and wherever it stands, and no two', async () => {
    const value = `Bearer ${BOOTSTRAP}`;
    // X-Thirteen-ch and Authorizations are no such headers, though one is as long and the other begins so.
    for (const name of ['authorization', 'AUTHORIZATION', 'aUTHORIZATIOn']) {
      expect((await ask('read', 'X-Thirteen-ch', '1', name, value, 'X-Last', '2')).outcome).toBe('admitted');
    }
    expect((await ask('read', 'Authorization', value, 'Authorizations', value)).outcome).toBe('admitted');
    expect((await ask('read', 'X-Name', 'authorization', 'Authorization', value)).outcome).toBe('admitted');
    for (const second of [value, 'Bearer other', '', 'Basic YTpi']) {
      const both = await ask('read', 'Authorization', value, 'AUTHORIZATION', second);
      expect(both).toEqual({ outcome: 'auth.unauthorized', atOnce: true, caller: null, logged: null });
    }
  });

  it('asks the database about a token that it does not know, once, and decides then', async () => {
    expect(await ask('read', ...bearer(NEWCOMER))).toEqual({
      outcome: 'api-key.invalid',
      atOnce: false,
      caller: null,
      logged: null,
    });
    // Another replica creates it.
    await stage.publish(NEWCOMER, tokenOf(2, ['licensing:read']));
    expect(await ask('read', ...bearer(NEWCOMER))).toEqual({
      outcome: 'admitted',
      atOnce: false,
      caller: 'service-account:2',
      logged: 'service-account:2',
    });
    expect(await ask('write', ...bearer(NEWCOMER))).toMatchObject({
      outcome: 'AccessDeniedError',
      atOnce: true,
    });
  });

  it('blocks a name after five wrong passwords for the address that they came from', async () => {
    for (let time = 0; time < 5; time += 1) {
      expect((await ask('read', ...basic('admin', 'wrong'))).outcome).toBe('password-auth.failed');
    }
    const right = basic('admin', 'a long password');
    expect((await ask('read', ...right)).outcome).toBe('password-auth.failed');
    expect((await askFrom('127.0.0.2', 'read', ...right)).outcome).toBe('admitted');
    expect((await ask('read', ...bearer(BOOTSTRAP))).outcome).toBe('admitted');
  });
});

describe('A rule of an endpoint', () => {
  it('can be given once only, and the mistake names the handler', () => {
    const declare = (...rules: MethodDecorator[]) => {
      const descriptor = { value: () => undefined };
      for (const rule of rules) rule({}, 'install', descriptor);
    };
    expect(() => declare(OpenToAll(), RequireAction('licensing:read'))).toThrow(
      'install has two access rules',
    );
    expect(() => declare(RequireAction('licensing:read'))).not.toThrow();
  });
});
