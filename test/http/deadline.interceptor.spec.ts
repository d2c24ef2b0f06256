import 'reflect-metadata';
import { jest } from '@jest/globals';
import { Controller, Get, Injectable, Module, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, HttpAdapterHost } from '@nestjs/core';
import type { IncomingMessage } from 'node:http';
import { RequireAction } from '../../src/http/require-action.decorator.js';
import { WorkSlots } from '../../src/access/work-slots.js';
import { loadServiceConfig, SERVICE_CONFIG } from '../../src/config/service-config.js';
import { LEASE_RESERVE_MS, requestDeadlineMs } from '../../src/domain/request-deadline.js';
import { ErrorFilter } from '../../src/http/error.filter.js';
import { HttpApplication } from '../../src/http/http-application.js';
import { createLogger } from '../../src/http/logger.js';
import { provideGlobally } from '../../src/http/provide-globally.js';
import { contextOf } from '../../src/http/request-context.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { MetricsModule } from '../../src/metrics/metrics.module.js';

const ISSUER_TIMEOUT_MS = 8_000;
/** The call of a replica that dies, until its lease has expired, and the call of the one that waited: milliseconds. */
const SLOWEST_RENEWAL_MS = ISSUER_TIMEOUT_MS + LEASE_RESERVE_MS + ISSUER_TIMEOUT_MS;

const slots = new WorkSlots(2);

/** Takes the one slot of the only caller, as the guard against too much does. */
@Injectable()
class SlotGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    contextOf(context.switchToHttp().getRequest<IncomingMessage>()).release = slots.take('caller');
    return true;
  }
}

let late: (value: string) => void;
let waiting = () => {};

@Controller()
class Endpoints {
  @Get('hangs')
  @RequireAction('licensing:read')
  async hangs(): Promise<string> {
    waiting();
    return new Promise((resolve) => (late = resolve));
  }

  @Get('memory')
  @RequireAction('licensing:read', { fromMemory: true })
  memory(): string {
    return 'at once';
  }
}

const ALL_BUT_INTERVALS = [
  'Date',
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setTimeout',
  'clearTimeout',
] as const;

@Module({
  imports: [
    MetricsModule,
    provideGlobally([
      { provide: SERVICE_CONFIG, useValue: loadServiceConfig({ ISSUER_TIMEOUT_MS: `${ISSUER_TIMEOUT_MS}` }) },
    ]),
  ],
  controllers: [Endpoints],
  providers: [
    { provide: APP_GUARD, useClass: SlotGuard },
    {
      provide: APP_FILTER,
      useFactory: (host: HttpAdapterHost, metrics: Metrics) => new ErrorFilter(host, metrics),
      inject: [HttpAdapterHost, Metrics],
    },
  ],
})
class Root {}

describe('The deadline of a request', () => {
  let application: HttpApplication;
  let url: string;

  beforeAll(async () => {
    application = await HttpApplication.create(
      { module: Root },
      { logger: createLogger('silent'), quietRoute: '' },
    );
    url = await application.listen('127.0.0.1', 0);
  });

  afterAll(async () => {
    await application.close(0);
  });

  beforeEach(() => {
    // The deadline alone uses this clock; all else waits for real.
    jest.useFakeTimers({ doNotFake: [...ALL_BUT_INTERVALS] });
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('answers a request that never ends, gives its slot back, and ignores what comes later', async () => {
    const begun = new Promise<void>((resolve) => (waiting = resolve));
    const answer = fetch(`${url}/hangs`);
    await begun;
    jest.advanceTimersByTime(SLOWEST_RENEWAL_MS + 1_000);
    expect(slots.take('caller')).toBeUndefined();
    jest.advanceTimersByTime(requestDeadlineMs(ISSUER_TIMEOUT_MS));
    const { status, headers } = await answer;
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    expect(await (await answer).json()).toMatchObject({ messageId: 'request.overdue' });
    const release = slots.take('caller');
    expect(release).toBeDefined();
    release?.();
    late('too late');
    expect(await (await fetch(`${url}/memory`)).text()).toBe('"at once"');
  });
});
