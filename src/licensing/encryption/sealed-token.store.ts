import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import {
  LicenseCipher,
  placeOfStatement,
  type TokenPlace,
  UnreadableTokenError,
} from '../license/license-cipher.js';
import { LicenseRevocationEntity } from '../license/license-revocation.entity.js';
import { LicenseEntity } from '../license/license.entity.js';

const ROW = 1;

const TOKENS = [
  ['token', 'license.token'],
  ['previousToken', 'license.previous_token'],
  ['queuedToken', 'license.queued_token'],
] as const;

/** Which stored texts are to be written in the form of the present setting. */
export type IsDue = (stored: string) => boolean;

/** What became of the texts that were due. */
export interface Rewritten {
  readonly count: number;
  /** Where others stay as they are, and why: a sentence for each reason. */
  readonly unreadable: readonly string[];
}

/** Writes what the database holds of signed texts in another form: encrypted, with another key, or in clear. */
@Injectable()
export class SealedTokenStore {
  constructor(private readonly cipher: LicenseCipher) {}

  /** Whether any text is due. */
  async hasDue(manager: EntityManager, isDue: IsDue): Promise<boolean> {
    const [license, statements] = [
      await manager.findOneByOrFail(LicenseEntity, { id: ROW }),
      await manager.find(LicenseRevocationEntity),
    ];
    const stored = [...TOKENS.map(([column]) => license[column]), ...statements.map((row) => row.statement)];
    return stored.some((text) => text !== null && isDue(text));
  }

  /**
   * Writes them, all or none. The license stays what it is, with its counters and its stamp: a renewal under way can
   * still be stored, and no replica has anything to read again.
   */
  async rewrite(manager: EntityManager, isDue: IsDue): Promise<Rewritten> {
    const unreadable = new Map<string, Set<string>>();
    let count = 0;
    const renewed = (stored: string | null, place: TokenPlace): string | undefined => {
      if (stored === null || !isDue(stored)) return undefined;
      try {
        const text = this.cipher.seal(this.cipher.open(stored, place), place);
        count += 1;
        return text;
      } catch (error) {
        if (!(error instanceof UnreadableTokenError)) throw error;
        const [column = ''] = place.split(' ');
        unreadable.set(error.message, (unreadable.get(error.message) ?? new Set()).add(column));
        return undefined;
      }
    };
    // Locked, so that no replica replaces between the reading and the writing what is written back then.
    const lock = { mode: 'pessimistic_write' as const };
    const license = await manager.findOneOrFail(LicenseEntity, { where: { id: ROW }, lock });
    for (const [column, place] of TOKENS) {
      const text = renewed(license[column], place);
      if (text !== undefined) await manager.update(LicenseEntity, { id: ROW }, { [column]: text });
    }
    for (const { iss, lid, statement } of await manager.find(LicenseRevocationEntity, { lock })) {
      const text = renewed(statement, placeOfStatement({ iss, lid }));
      if (text !== undefined)
        await manager.update(LicenseRevocationEntity, { iss, lid }, { statement: text });
    }
    return {
      count,
      unreadable: [...unreadable].map(([reason, columns]) => `${[...columns].join(', ')}: ${reason}`),
    };
  }
}
