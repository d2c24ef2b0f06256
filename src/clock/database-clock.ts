import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { Database } from '../database/database.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { ClockWatch } from './clock-watch.js';
import { Periodic } from './periodic.js';
import { SERVER_TIME, type ServerTime } from '../database/server-time.js';

const LOOK_MS = 10_000;

/** Compares our clock with the database server's. The embedded database has none of its own. */
@Injectable()
export class DatabaseClock implements BeforeApplicationShutdown {
  readonly #looks: Periodic;
  readonly #isServer: boolean;

  constructor(
    @Inject(SERVICE_CONFIG) { database: { location, pollMs } }: ServiceConfig,
    private readonly database: Database,
    private readonly watch: ClockWatch,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SERVER_TIME) private readonly serverTime: ServerTime,
  ) {
    this.#isServer = location.kind === 'postgres';
    this.#looks = new Periodic(Math.max(LOOK_MS, pollMs), () => this.look());
  }

  /** Looks once, and goes on doing so. Never rejects: a database that is away says nothing about clocks. */
  async start(): Promise<void> {
    if (!this.#isServer) return;
    await this.look();
    this.#looks.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#looks.stop();
  }

  /** Asks the server what time it is. Never rejects. */
  async look(): Promise<void> {
    await this.database
      .read(async (manager) => {
        // Asked for here and not before: waiting for a connection is not the clock's.
        const asked = this.clock.now();
        this.watch.compare('database', await this.serverTime(manager), asked);
      })
      .catch(() => undefined);
  }
}
