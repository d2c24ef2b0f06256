import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamicModule, INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Logger } from 'pino';
import { Metrics } from '../metrics/metrics.js';
import { standardOutput, STREAMS } from '../output/standard-output.js';
import { HttpMetrics } from './http-metrics.js';
import { NestLogger } from './logger.js';
import { logRequest } from './request-log.js';
import type { PageAnswer } from './page-answer.js';
import type { ReplayedRoutes } from './replay.js';
import { type RequestHooks, type ServerLimits, StableExpressAdapter } from './stable-express-adapter.js';
import { UNNAMED_PROXY_HINT } from './unnamed-proxy.js';

/** How long the listener stays open after it says that it is not ready, milliseconds: balancers look around. */
const LINGER_MS = 1_000;
/** How long requests under way may take from then on, milliseconds. With the rest it stays below 10 s. */
const FINISH_MS = 7_500;
/** How often idle connections are closed meanwhile, milliseconds. */
const IDLE_MS = 50;

export interface HttpApplicationOptions {
  readonly logger: Logger;
  /** The route whose successful requests are not logged. */
  readonly quietRoute: string;
  /** What is taken from outside; the adapter's own limits unless given. */
  readonly limits?: Partial<ServerLimits>;
  /** The routes whose answers are given again while nothing can have changed; see `Replays`. None unless given. */
  readonly replayed?: (nest: INestApplication) => ReplayedRoutes;
  /** What answers before the routes do; see {@link PageAnswer}. Nothing unless given. */
  readonly page?: (nest: INestApplication) => PageAnswer | undefined;
  /** Called first when the application is to end. */
  readonly onDrain?: () => void;
  /** Called when everything is closed. What it throws is why the end failed: Nest itself only logs that. */
  readonly onClosed?: () => void;
}

/** A Nest application that listens, and that ends without dropping anything. */
export class HttpApplication {
  #draining = false;

  private constructor(
    readonly nest: INestApplication,
    private readonly adapter: StableExpressAdapter,
    private readonly server: Server,
    private readonly options: HttpApplicationOptions,
  ) {}

  /** Builds the application, whose root imports the MetricsModule; nothing listens yet. */
  static async create(module: DynamicModule, options: HttpApplicationOptions): Promise<HttpApplication> {
    let draining = () => false;
    let metrics = (): HttpMetrics | undefined => undefined;
    let warnedOfProxy = false;
    const hooks: RequestHooks = {
      onBegin: (_request, response, context) => {
        if (draining()) response.setHeader('Connection', 'close');
        if (context.fromUnnamedProxy && !warnedOfProxy) {
          warnedOfProxy = true;
          options.logger.warn({
            msg: `${UNNAMED_PROXY_HINT}. If the address is your proxy's, set TRUST_PROXY to it, and have the proxy send X-Forwarded-For`,
            client: context.client,
            requestId: context.requestId,
          });
        }
      },
      onEnd: (response, context) =>
        logRequest(options.logger, options.quietRoute, response, context, metrics()),
      onMalformed: (status) => metrics()?.malformed(status),
      onUnanswerable: (err, { requestId }) =>
        options.logger.error({ msg: 'unexpected error: nothing could answer it', err, requestId }),
    };
    const adapter = new StableExpressAdapter(hooks, options.limits);
    const nest = await NestFactory.create(module, adapter, {
      logger: new NestLogger(options.logger),
      // Bodies are read after the guards, where they are asked for.
      bodyParser: false,
      abortOnError: false,
    });
    await nest.init();
    const measured = new HttpMetrics(nest.get(Metrics));
    nest
      .get(Metrics)
      .total(
        'licentia_log_lines_lost_total',
        'Lines that could not be written to a stream of the process.',
        { stream: STREAMS },
        ({ stream }) => standardOutput[stream].lost,
      );
    metrics = () => measured;
    const application = new HttpApplication(nest, adapter, nest.getHttpServer() as Server, options);
    draining = () => application.#draining;
    adapter.replay(options.replayed?.(nest));
    adapter.page = options.page?.(nest);
    return application;
  }

  /** @returns the address that is listened at, `http://host:port` */
  async listen(host: string, port: number): Promise<string> {
    await this.nest.listen(port, host);
    const { address, family, port: bound } = this.server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`;
  }

  /**
   * Ends within 10 seconds: says that it is not ready and lets balancers see it, takes no more connections, finishes
   * what is under way, then closes what the application holds.
   */
  async close(lingerMs = LINGER_MS): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    // The last answer of a connection says so.
    this.adapter.replay(undefined);
    this.options.onDrain?.();
    if (this.server.listening) {
      await sleep(lingerMs);
      const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
      // Again and again: a connection that clients keep open is idle only after what is under way on it.
      const idle = setInterval(() => this.server.closeIdleConnections(), IDLE_MS);
      const overdue = setTimeout(() => this.adapter.hangUp(), FINISH_MS);
      await closed;
      clearInterval(idle);
      clearTimeout(overdue);
    }
    await this.nest.close();
    this.options.onClosed?.();
  }
}
