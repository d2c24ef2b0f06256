import { Injectable } from '@nestjs/common';

/** So many renewals of one license may be without their whole body at a time. */
const MAX_OF_ONE_LICENSE = 50;

/**
 * The renewals whose body is still to come, by license: a body may take its sender ten seconds. Where one
 * license has too many, one of them is dropped by chance to make room, so that other tokens of a license do
 * not keep its instance out.
 */
@Injectable()
export class UnreadBodies {
  readonly #byLicense = new Map<string, (() => void)[]>();

  /**
   * Counts a renewal from before its body is read.
   * @param drop - refuses the renewal; it is not counted any more then
   * @returns what ends the counting, which may be called more than once
   */
  add(lid: string, drop: () => void): () => void {
    const own = this.#byLicense.get(lid) ?? [];
    if (own.length >= MAX_OF_ONE_LICENSE) {
      const [dropped] = own.splice(Math.floor(Math.random() * own.length), 1);
      dropped?.();
    }
    own.push(drop);
    this.#byLicense.set(lid, own);
    return () => this.#remove(lid, drop);
  }

  #remove(lid: string, drop: () => void): void {
    const own = this.#byLicense.get(lid);
    const index = own?.indexOf(drop) ?? -1;
    if (own === undefined || index < 0) return;
    own.splice(index, 1);
    if (own.length === 0) this.#byLicense.delete(lid);
  }
}
