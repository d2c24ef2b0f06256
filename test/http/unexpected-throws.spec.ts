import 'reflect-metadata';
import { Catch, Controller, type ExceptionFilter, Get, Module } from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core';
import type { IncomingMessage } from 'node:http';
import { ErrorFilter } from '../../src/http/error.filter.js';
import { HttpApplication } from '../../src/http/http-application.js';
import { createLogger } from '../../src/http/logger.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { MetricsModule } from '../../src/metrics/metrics.module.js';

/** Where a request asks for a throw. */
const PLACE = 'x-throw-in';

function throwIn(place: string, { headers }: IncomingMessage): void {
  if (headers[PLACE] === place) throw new RangeError(`thrown in ${place}`);
}

@Controller()
class Endpoints {
  @Get('works')
  works(): string {
    return 'yes';
  }

  @Get('bigint')
  unwritable(): unknown {
    return { huge: 1n };
  }

  @Get('throws')
  throws(): never {
    throw new Error('the inside');
  }
}

@Catch()
class FailingFilter implements ExceptionFilter {
  catch(): void {
    throw new Error('the filter fails as well');
  }
}

function rootWith(filter: object) {
  @Module({ imports: [MetricsModule], controllers: [Endpoints], providers: [filter as never] })
  class Root {}
  return { module: Root };
}

const ERROR_FILTER = {
  provide: APP_FILTER,
  useFactory: (host: HttpAdapterHost, metrics: Metrics) => new ErrorFilter(host, metrics),
  inject: [HttpAdapterHost, Metrics],
};

/** The same body as of every other unexpected error: nothing of the inside. */
const ANSWER = {
  message: 'Internal server error',
  messageId: 'internal-error',
  statusCode: 500,
  traceID: '',
};

async function start(filter: object): Promise<{ application: HttpApplication; url: string }> {
  const application = await HttpApplication.create(rootWith(filter), {
    logger: createLogger('silent'),
    quietRoute: '',
    limits: {
      clientOf(request) {
        throwIn('the address of the client', request);
        return '192.0.2.1';
      },
      isFromUnnamedProxy(request) {
        throwIn('the look for a proxy', request);
        return false;
      },
    },
    replayed: () =>
      new Map([
        [
          '/works',
          () => {
            if (basisThrows) throw new RangeError('thrown in the basis of an answer');
            return BASIS;
          },
        ],
      ]),
  });
  return { application, url: await application.listen('127.0.0.1', 0) };
}

const BASIS = {};
let basisThrows = false;

async function ask(url: string, path: string, place = 'nowhere') {
  const answer = await fetch(`${url}${path}`, {
    headers: { [PLACE]: place },
    signal: AbortSignal.timeout(5_000),
  });
  return { status: answer.status, id: answer.headers.get('x-request-id'), body: await answer.text() };
}

describe('A throw that no handler expects', () => {
  let running: Awaited<ReturnType<typeof start>>;

  beforeAll(async () => (running = await start(ERROR_FILTER)));
  afterAll(async () => running.application.close(0));
  afterEach(() => (basisThrows = false));

  const counted = async () => {
    const text = await running.application.nest.get(Metrics).text();
    return Number(/^licentia_http_errors_total\{code="internal-error"\} (\d+)$/m.exec(text)?.[1]);
  };

  it.each([
    ['the address of the client', '/works'],
    ['the look for a proxy', '/works'],
    ['a handler', '/throws'],
    ['what writes the answer', '/bigint'],
  ])('in %s is answered with 500, counted, and leaves the server as it was', async (place, path) => {
    const before = await counted();
    const { status, id, body } = await ask(running.url, path, place);
    expect([status, JSON.parse(body)]).toEqual([500, ANSWER]);
    expect(id).toMatch(/^[A-Za-z0-9._:-]+$/);
    expect(await counted()).toBe(before + 1);
    expect(await ask(running.url, '/works')).toMatchObject({ status: 200, body: '"yes"' });
  });

  it('in the comparison with an earlier answer is answered with 500 and counted', async () => {
    const before = await counted();
    basisThrows = true;
    expect((await ask(running.url, '/works')).status).toBe(500);
    expect(await counted()).toBe(before + 1);
  });
});

describe('A filter of errors that fails itself', () => {
  it('leaves no request without an answer, and shows nothing of the inside', async () => {
    const { application, url } = await start({ provide: APP_FILTER, useClass: FailingFilter });
    for (const [path, place] of [
      ['/throws', 'nowhere'],
      ['/works', 'the address of the client'],
    ] as const) {
      const { status, body } = await ask(url, path, place);
      expect([status, JSON.parse(body)]).toEqual([500, ANSWER]);
    }
    await application.close(0);
  });
});
