import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createPrivateKey, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { JsonObject } from '../../../src/domain/token/strict-json.js';
import { CertificateAuthority, type Certificate } from '../certificates.js';
import { createKey, type TestKey } from '../tokens.js';

/** A token that was given for an attempt. */
export interface GivenToken {
  readonly attempt: string;
  readonly lid: string;
  readonly iat: number;
  readonly token: string;
}

interface KeptKeys {
  readonly authority: Certificate;
  readonly keys: readonly (Pick<TestKey, 'alg' | 'kid' | 'jwk'> & { readonly privateJwk: JsonObject })[];
}

/**
 * What the fake issuer knows: its keys and what it gave to whom. In memory, so that it is a new issuer at each start;
 * or in a directory, so that it goes on after a kill -9: everything is there before it is answered.
 */
export class IssuerState {
  readonly authority: CertificateAuthority;
  #keys: readonly TestKey[];
  readonly #given = new Map<string, GivenToken>();
  readonly #newest = new Map<string, number>();

  constructor(private readonly directory?: string) {
    const kept = this.#read();
    this.authority = new CertificateAuthority(kept?.authority);
    this.#keys = kept?.keys.map(restored) ?? [newKey()];
    if (directory === undefined) return;
    if (kept === undefined) this.#save();
    for (const given of this.#readGiven()) this.#note(given);
  }

  /** The first one signs; all are published. */
  get keys(): readonly TestKey[] {
    return this.#keys;
  }

  rotate(keepOld: boolean): TestKey {
    const key = newKey();
    this.#keys = keepOld ? [key, ...this.#keys] : [key];
    this.#save();
    return key;
  }

  /** What was given for an attempt before. */
  given(attempt: string | undefined, lid: string): string | undefined {
    return attempt === undefined ? undefined : this.#given.get(`${attempt} ${lid}`)?.token;
  }

  /** The greatest `iat` of a license's tokens so far; -Infinity without any. */
  newest(lid: string): number {
    return this.#newest.get(lid) ?? -Infinity;
  }

  give(given: GivenToken): void {
    this.#note(given);
    if (this.directory !== undefined) appendFileSync(this.#path('given.jsonl'), `${JSON.stringify(given)}\n`);
  }

  #note(given: GivenToken): void {
    this.#given.set(`${given.attempt} ${given.lid}`, given);
    this.#newest.set(given.lid, Math.max(this.newest(given.lid), given.iat));
  }

  #path(name: string): string {
    return join(this.directory ?? '', name);
  }

  #read(): KeptKeys | undefined {
    if (this.directory === undefined || !existsSync(this.#path('keys.json'))) return undefined;
    return JSON.parse(readFileSync(this.#path('keys.json'), 'utf8')) as KeptKeys;
  }

  #readGiven(): GivenToken[] {
    if (!existsSync(this.#path('given.jsonl'))) return [];
    const lines = readFileSync(this.#path('given.jsonl'), 'utf8').split('\n');
    // What was being written when it was killed has no line end: nobody was answered with it.
    return lines.slice(0, -1).map((line) => JSON.parse(line) as GivenToken);
  }

  #save(): void {
    if (this.directory === undefined) return;
    mkdirSync(this.directory, { recursive: true });
    const { cert, key } = this.authority;
    const keys = this.#keys.map((one) => ({
      alg: one.alg,
      kid: one.kid,
      jwk: one.jwk,
      privateJwk: one.privateKey.export({ format: 'jwk' }) as JsonObject,
    }));
    writeFileSync(
      this.#path('keys.new'),
      JSON.stringify({ authority: { cert, key }, keys } satisfies KeptKeys),
    );
    renameSync(this.#path('keys.new'), this.#path('keys.json'));
  }
}

function newKey(): TestKey {
  // Of a name that no other start has: a service must not take one key for another.
  return createKey('ES256', `fake-${randomBytes(6).toString('hex')}`);
}

function restored({ privateJwk, ...key }: KeptKeys['keys'][number]): TestKey {
  return { ...key, privateKey: createPrivateKey({ key: privateJwk as never, format: 'jwk' }) };
}
