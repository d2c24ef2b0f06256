import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Logger } from '@nestjs/common';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { isEmbedded } from './data-source-options.js';
import type { DatedClient } from './database-url.js';
import { hangUp } from './password-file.js';

/** How often it is looked whether the connection is still there, milliseconds. */
const LOOK_MS = 1_000;
/** So long without a word the server is asked for one: a connection can die in silence. Milliseconds. */
const SILENCE_MS = 30_000;
/** Wait before another try to connect, milliseconds: doubled after each failure. */
const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 30_000;
/** So long the end waits for the server, milliseconds: what ends next has more to do. */
const END_MS = 500;

/** A pooler gives a session to its clients in turn: what one of them listens for, another one hears. */
class PooledSessionError extends Error {
  constructor() {
    super('The session is a pooler’s.');
  }
}

/**
 * One connection outside of the pool that hears what other replicas notify (LISTEN). It only wakes: without it,
 * changes are seen at the next look. So nothing depends on a notification, and losing the connection costs time alone.
 */
export class ChangeListener implements BeforeApplicationShutdown {
  readonly #logger = new Logger(ChangeListener.name);
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #stopped = false;
  #channel = '';
  #pollMs = 0;
  #onChange: () => void = () => undefined;
  #client: pg.Client | undefined;
  #heardAt = -Infinity;
  #waitMs = 0;
  #due = -Infinity;
  /** What was logged last. */
  #said: 'listening' | 'pooled' | 'lost' | undefined;

  constructor(private readonly dataSource: DataSource) {}

  /** Whether notifications arrive; never with an embedded database, which has one process alone. */
  get isListening(): boolean {
    return this.#client !== undefined;
  }

  /**
   * Begins to listen, in the background.
   * @param pollMs - how often the database is asked anyway, milliseconds: it is not called more often for an
   *   idle or lost connection, so that a database that sleeps when idle can
   */
  start(channel: string, pollMs: number, onChange: () => void): void {
    if (isEmbedded(this.dataSource)) return;
    this.#channel = channel;
    this.#pollMs = pollMs;
    this.#onChange = onChange;
    this.#schedule();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await Promise.race([this.#ended(), sleep(END_MS, undefined, { ref: false })]);
    // A server that hangs, or a line that is dead, answers no goodbye.
    if (this.#client === undefined) return;
    hangUp(this.#client);
    this.#client = undefined;
  }

  async #ended(): Promise<void> {
    await this.#looking;
    await this.#client?.end().catch(() => undefined);
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => this.#schedule());
    }, LOOK_MS);
    this.#timer.unref();
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    if (!this.dataSource.isInitialized) return;
    const client = this.#client;
    if (client === undefined) {
      if (performance.now() >= this.#due) await this.#connect();
      return;
    }
    // The address can change, and the old server can go on answering.
    if ((client as DatedClient).isOutdated) this.#drop(client);
    else if (performance.now() - this.#heardAt > Math.max(SILENCE_MS, this.#pollMs)) {
      await client.query('SELECT 1').then(
        () => (this.#heardAt = performance.now()),
        () => this.#drop(client),
      );
    }
  }

  async #connect(): Promise<void> {
    const { Client, options } = this.#pool;
    const client = new Client(options);
    client.on('error', () => this.#drop(client));
    client.on('end', () => this.#drop(client));
    client.on('notification', () => {
      this.#heardAt = performance.now();
      this.#onChange();
    });
    try {
      await client.connect();
      await assertOwnSession(client);
      await client.query(`LISTEN ${client.escapeIdentifier(this.#channel)}`);
    } catch (error) {
      this.#drop(client);
      this.#waitMs = Math.min(MAX_WAIT_MS, Math.max(FIRST_WAIT_MS, this.#waitMs * 2));
      this.#due = performance.now() + Math.max(this.#waitMs, this.#pollMs);
      if (error instanceof PooledSessionError) this.#say('pooled');
      return;
    }
    if (this.#stopped) return void client.end().catch(() => undefined);
    this.#client = client;
    this.#heardAt = performance.now();
    this.#waitMs = 0;
    this.#say('listening');
    // What was notified before.
    this.#onChange();
  }

  #drop(client: pg.Client): void {
    void client.end().catch(() => undefined);
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#due = performance.now() + this.#pollMs;
    if (!this.#stopped) this.#say('lost');
  }

  #say(state: 'listening' | 'pooled' | 'lost'): void {
    if (state === this.#said) return;
    this.#said = state;
    if (state === 'listening') {
      this.#logger.log({ msg: 'changes of other replicas are notified' });
    } else if (state === 'pooled') {
      const msg = 'behind a pooler no change is notified: those of other replicas are seen at the next look';
      this.#logger.log({ msg });
    } else {
      this.#logger.warn({ msg: 'changes of other replicas are not notified any more: connecting again' });
    }
  }

  get #pool(): Pick<pg.Pool, 'options'> & { readonly Client: typeof pg.Client } {
    return (this.dataSource.driver as unknown as { readonly master: never }).master;
  }
}

/**
 * The number of the server's process also names a session to cancel, and a pooler makes one up for each client.
 * @throws PooledSessionError
 */
async function assertOwnSession(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  if (rows[0]?.pid !== (client as unknown as { readonly processID: number | null }).processID)
    throw new PooledSessionError();
}
