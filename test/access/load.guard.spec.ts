import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { LoadGuard } from '../../src/access/load.guard.js';
import { OpenToAll, RequireAction } from '../../src/http/require-action.decorator.js';
import { createServiceAccountToken } from '../../src/access/service-account-token.js';
import { loadServiceConfig } from '../../src/config/service-config.js';
import { ServiceError } from '../../src/domain/service-error.js';
import { beginRequest, contextOf, releaseSlot } from '../../src/http/request-context.js';
import { AccessStage, guardOver, tokenOf } from './access-stage.js';

class Endpoints {
  @RequireAction('licensing:read')
  database(): void {}

  @RequireAction('licensing:read', { fromMemory: true })
  memory(): void {}

  @RequireAction('licensing:read', { isFrequent: true })
  frequent(): void {}

  @RequireAction('licensing:read', { isFrequent: true, isBatched: true })
  batched(): void {}

  @OpenToAll()
  open(): void {}
}

const CALLERS = [createServiceAccountToken(), createServiceAccountToken()];

let stage: AccessStage;

beforeAll(async () => {
  stage = await AccessStage.open();
  for (const [id, token] of CALLERS.entries()) await stage.publish(token, tokenOf(id, ['licensing:read']));
  await stage.snapshots.refresh();
});

afterAll(async () => {
  await stage.close();
});

function guardsWith(settings: Record<string, string>) {
  const config = loadServiceConfig({ DATABASE_URL: 'postgres://a:b@127.0.0.1/c', ...settings });
  const access = guardOver(stage, config);
  const load = new LoadGuard(config, stage.clock);
  /** What both guards say of a request, at once or later. */
  const see = (request: IncomingMessage, handler: keyof Endpoints, caller: number) => {
    const authorization = `Bearer ${CALLERS[caller]}`;
    request.headers.authorization = authorization;
    request.rawHeaders = ['Authorization', authorization];
    beginRequest(request, { client: '203.0.113.1', fromUnnamedProxy: false });
    // eslint-disable-next-line @typescript-eslint/unbound-method -- a handler is looked at, never called
    const context = new ExecutionContextHost([request], Endpoints, Endpoints.prototype[handler]);
    expect(access.canActivate(context)).toBe(true);
    return load.canActivate(context);
  };
  /** A request that both guards see. @returns it when it was let in, else how many seconds it is told to wait */
  const ask = (method: string, handler: keyof Endpoints, caller = 0): IncomingMessage | number => {
    const request = new IncomingMessage(new Socket());
    request.method = method;
    try {
      expect(see(request, handler, caller)).toBe(true);
      return request;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      expect(error.code).toBe('too-many-requests');
      return error.retryAfter ?? NaN;
    }
  };
  return { ask, see };
}

const admitted = expect.any(IncomingMessage) as unknown;

describe('The guard against too much', () => {
  it('lets one caller have half of the places, and gives a place back once', () => {
    const { ask } = guardsWith({ MAX_REQUESTS_IN_WORK: '4' });
    const first = ask('GET', 'database') as IncomingMessage;
    expect(first).toEqual(admitted);
    expect(contextOf(first).release).toBeDefined();
    expect([ask('GET', 'database'), ask('GET', 'database')]).toEqual([admitted, 1]);
    expect([ask('GET', 'database', 1), ask('GET', 'database', 1)]).toEqual([admitted, admitted]);
    releaseSlot(first);
    releaseSlot(first);
    expect([ask('GET', 'database'), ask('GET', 'database')]).toEqual([admitted, 1]);
  });

  it('lets pass what memory answers and what is open to all, under any load', () => {
    const { ask } = guardsWith({ MAX_REQUESTS_IN_WORK: '2', RATE_LIMIT_WRITES_PER_MINUTE: '1' });
    ask('GET', 'database');
    ask('GET', 'database', 1);
    expect(ask('GET', 'database')).toBe(1);
    for (const handler of ['memory', 'open'] as const) {
      for (let time = 0; time < 3; time += 1) {
        const request = ask('POST', handler);
        expect(request).toEqual(admitted);
        expect(contextOf(request as IncomingMessage).release).toBeUndefined();
      }
    }
  });

  it('bounds how often a caller writes in a minute, and reads are no writes', () => {
    const { ask } = guardsWith({ RATE_LIMIT_WRITES_PER_MINUTE: '2' });
    const through = (...request: Parameters<typeof ask>) => {
      const answer = ask(...request);
      if (typeof answer !== 'number') releaseSlot(answer);
      return answer;
    };
    expect([through('POST', 'database'), through('DELETE', 'database')]).toEqual([admitted, admitted]);
    const wait = through('PUT', 'database');
    expect(wait).toBeGreaterThan(50);
    expect(wait).toBeLessThanOrEqual(60);
    // What was refused holds no place.
    for (let time = 0; time < 100; time += 1) through('POST', 'database');
    for (let time = 0; time < 5; time += 1) {
      expect([through('GET', 'database'), through('HEAD', 'database')]).toEqual([admitted, admitted]);
    }
    expect(through('POST', 'database', 1)).toEqual(admitted);
    stage.clock.advance(60_000);
    expect(through('POST', 'database')).toEqual(admitted);
  });

  it('bounds how often all together write in a minute', () => {
    const { ask } = guardsWith({ RATE_LIMIT_ALL_WRITES_PER_MINUTE: '2' });
    expect([ask('POST', 'database'), ask('POST', 'database', 1)]).toEqual([admitted, admitted]);
    const waits = [ask('POST', 'database'), ask('POST', 'database', 1)];
    for (const wait of waits) {
      expect(wait).toBeGreaterThan(50);
      expect(wait).toBeLessThanOrEqual(60);
    }
    stage.clock.advance(60_000);
    expect(ask('POST', 'database')).toEqual(admitted);
  });

  it('lets reads of a caller wait while those of others had fewer, and none of one that is over', async () => {
    const { see } = guardsWith({ DATABASE_URL: 'pglite://memory' });
    const served: string[] = [];
    const read = (name: string, caller: number) => {
      const request = new IncomingMessage(new Socket());
      request.method = 'GET';
      const turn = Promise.resolve(see(request, 'database', caller)).then(() => void served.push(name));
      return { request, turn };
    };
    const crowd = ['a1', 'a2', 'a3'].map((name) => read(name, 0));
    const other = read('b1', 1);
    const [running, left] = crowd as [(typeof crowd)[0], (typeof crowd)[0]];
    await running.turn;
    // Its client is gone: it has no slot when its turn comes.
    releaseSlot(left.request);
    releaseSlot(running.request);
    await left.turn;
    await other.turn;
    expect(served).toEqual(['a1', 'a2', 'b1']);
    releaseSlot(other.request);
    await crowd[2]?.turn;
    expect(served).toEqual(['a1', 'a2', 'b1', 'a3']);
  });

  it('lets nobody in who lost its rights while it waited for others', async () => {
    const { see } = guardsWith({ DATABASE_URL: 'pglite://memory' });
    const read = (method: string, handler: 'database' | 'frequent', caller: number) => {
      const request = new IncomingMessage(new Socket());
      request.method = method;
      return { request, turn: see(request, handler, caller) };
    };
    const first = read('GET', 'database', 0);
    const late = [read('GET', 'database', 1), read('DELETE', 'frequent', 1)];
    const known = tokenOf(1, ['licensing:read']);
    await stage.publish(CALLERS[1] as string, { ...known, revoked: true });
    await stage.snapshots.refresh();
    for (const { request, turn } of [first, ...late]) {
      const isFirst = request === first.request;
      if (isFirst) expect(turn).toBe(true);
      else await expect(turn).rejects.toMatchObject({ code: 'api-key.revoked' });
      releaseSlot(request);
    }
    await stage.publish(CALLERS[1] as string, known);
    await stage.snapshots.refresh();
  });

  it('lets a frequent request wait after its body, and a batched one not at all', async () => {
    const { see } = guardsWith({ DATABASE_URL: 'pglite://memory' });
    const send = (handler: 'frequent' | 'batched') => {
      const request = new IncomingMessage(new Socket());
      request.method = 'PUT';
      request.headers['content-length'] = '2';
      expect(see(request, handler, 0)).toBe(true);
      return contextOf(request);
    };
    // A body that never comes holds nothing.
    send('frequent');
    const first = send('frequent');
    expect(first.afterBody?.()).toBeUndefined();
    let started = false;
    const second = send('frequent')
      .afterBody?.()
      ?.then(() => (started = true));
    expect(send('batched').afterBody).toBeUndefined();
    expect(started).toBe(false);
    first.release?.();
    await second;
    expect(started).toBe(true);
  });
});
