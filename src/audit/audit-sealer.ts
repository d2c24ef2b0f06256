import { randomBytes } from 'node:crypto';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { Periodic } from '../clock/periodic.js';
import { SERVICE_CONFIG, type ServiceConfig } from '../config/service-config.js';
import { Database } from '../database/database.js';
import { type SealSigner, sealSigner } from '../domain/audit-seal.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { CHAIN_START, sealEntry } from '../domain/hash-chain.js';
import type { JsonObject } from '../domain/token/strict-json.js';
import type { AuditEventEntity } from './audit-event.entity.js';
import { AuditSealStore, type SealedRecord } from './audit-seal.store.js';
import type { AuditSealEntity } from './audit-seal.entity.js';

const EVERY_MS = 10_000;
/** Records of one segment, and their length in characters: the transaction that closes it must be short. */
const MAX_RECORDS = 1_000;
const MAX_LENGTH = 1024 * 1024;
/** Segments of one export. */
const MAX_SEGMENTS = 10;
/** An export of this length ends with its segment: several at a time must not fill the memory. Characters. */
const LONG_EXPORT = 4 * 1024 * 1024;

/**
 * Gives records their places in a chain of hashes and signs it, in the background: who writes a record waits for
 * nothing. What a killed process had not closed, the next look of any replica closes.
 */
@Injectable()
export class AuditSealer implements BeforeApplicationShutdown {
  readonly #logger = new Logger(AuditSealer.name);
  readonly #looks: Periodic;
  #signer: SealSigner | undefined;
  #sealing: Promise<unknown> = Promise.resolve();
  #isEnding = false;
  #isFailing = false;

  constructor(
    private readonly database: Database,
    private readonly store: AuditSealStore,
    @Inject(SERVICE_CONFIG) private readonly config: ServiceConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.#looks = new Periodic(Math.max(EVERY_MS, config.database.pollMs), () => this.#trySeal());
  }

  start(): void {
    this.#looks.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#isEnding = true;
    await this.#looks.stop();
  }

  /** Seals every record that is committed, until the process ends. @throws ServiceError `database.unavailable` */
  async seal(): Promise<void> {
    while (!this.#isEnding && (await this.#sealNext()));
  }

  /**
   * The newest seal, after some segments were closed; undefined while there is no record.
   * @throws ServiceError `database.unavailable`
   */
  async head(): Promise<AuditSealEntity | undefined> {
    for (let closed = 0; closed < MAX_SEGMENTS && (await this.#sealNext()); closed += 1);
    return this.database.read((manager) => this.store.last(manager));
  }

  /**
   * The chain after a seal as JSON lines, with hashes and signatures: whole segments, some at a time. It closes no more
   * segments than it answers, as many records can be waiting.
   * @param after - the number of a seal; 0 for the beginning
   * @throws ServiceError `database.unavailable`
   */
  async export(after: number): Promise<string> {
    while (await this.#sealNext(after));
    return this.database.read(async (manager) => {
      let text = '';
      for (const seal of await this.store.segments(manager, after, MAX_SEGMENTS)) {
        const records = await this.store.records(manager, Number(seal.first), Number(seal.number) - 1);
        for (const entry of segment(seal, records)) text += `${JSON.stringify(entry)}\n`;
        if (text.length >= LONG_EXPORT) break;
      }
      return text;
    });
  }

  async #hasPart(after: number): Promise<boolean> {
    const count = await this.database.read((manager) => this.store.count(manager, after, MAX_SEGMENTS));
    return count === MAX_SEGMENTS;
  }

  /**
   * Closes a segment. Those who want one at the same time wait here, as the wait for the lock has a deadline.
   * @param after - closes none where an export after this number has enough already
   * @returns whether there may be more to close
   */
  async #sealNext(after?: number): Promise<boolean> {
    const next = this.#sealing
      .catch(() => undefined)
      .then(async () => {
        this.#signer ??= sealSigner(this.config.audit.signingKey ?? (await this.#storedKey()));
        const signer = this.#signer;
        if (after !== undefined && (await this.#hasPart(after))) return false;
        return this.database.transaction((manager) => this.#sealSome(manager, signer));
      });
    this.#sealing = next;
    return next;
  }

  async #sealSome(manager: Manager, signer: SealSigner): Promise<boolean> {
    await this.store.lock(manager);
    const { records, isAll } = await this.store.unsealed(manager, MAX_RECORDS, MAX_LENGTH);
    if (records.length === 0) return false;
    const last = await this.store.last(manager);
    const start = last?.hash ?? CHAIN_START;
    const first = Number(last?.number ?? 0) + 1;
    let prev = start;
    const sealed: SealedRecord[] = records.map((record, index) => {
      const number = first + index;
      ({ hash: prev } = sealEntry(contentOf(record, number), prev));
      return { id: record.id, number, hash: prev };
    });
    const number = first + records.length;
    const now = this.clock.now();
    const { content, hash } = sealEntry({ seal: true, number, first, start, at: now }, prev);
    const seal = { number: String(number), first: String(first), closedAt: new Date(now), content, hash };
    await this.store.add(manager, { ...seal, key: signer.key, signature: signer.sign(hash) }, sealed);
    return !isAll;
  }

  async #storedKey(): Promise<string> {
    const fresh = randomBytes(32).toString('base64url');
    return this.database.transaction((manager) => this.store.keepKey(manager, fresh));
  }

  /** Never rejects: what is not sealed now is sealed later. */
  async #trySeal(): Promise<void> {
    try {
      await this.seal();
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#logger.warn({ msg: 'audit records cannot be sealed', err: error });
      this.#isFailing = true;
    }
  }
}

/** What the store's transactions are. */
type Manager = Parameters<AuditSealStore['lock']>[0];

/** A record as it is hashed. */
function contentOf(record: AuditEventEntity, number: number): JsonObject {
  const { id, at, actor, client, action, target, before, detail, requestId } = record;
  return {
    number,
    id: Number(id),
    at: at.getTime(),
    actor,
    client,
    action,
    target,
    before: before as JsonObject | null,
    after: detail as JsonObject,
    requestId,
  };
}

/**
 * The entries of a segment as they are now: a record that was changed has the hash of what it was.
 * @param records - those that the segment still has
 */
function segment(seal: AuditSealEntity, records: readonly AuditEventEntity[]): JsonObject[] {
  const content = JSON.parse(seal.content) as JsonObject & { start: string };
  let prev = content.start;
  const entries = records.map((record) => {
    const entry = { ...contentOf(record, Number(record.number)), prev, hash: record.hash };
    prev = record.hash ?? '';
    return entry;
  });
  return [...entries, { ...content, hash: seal.hash, key: seal.key, signature: seal.signature }];
}
