import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { SigningKeyEntity, type SigningKeyState } from './signing-key.entity.js';

/** The table of signing keys. */
@Injectable()
export class SigningKeyStore {
  /** Every key but the retired ones: the active one first, then the newest. */
  async all(manager: EntityManager): Promise<SigningKeyEntity[]> {
    return manager
      .createQueryBuilder(SigningKeyEntity, 'signing_key')
      .where("state <> 'retired'")
      .orderBy("state <> 'active'")
      .addOrderBy('created_at', 'DESC')
      .addOrderBy('kid')
      .getMany();
  }

  /** Keeps the state of a key as it is until the transaction ends. @returns it; undefined without such a key */
  async hold(manager: EntityManager, kid: string): Promise<SigningKeyState | undefined> {
    const [row] = await manager.query<{ state: SigningKeyState }[]>(
      'SELECT state FROM signing_key WHERE kid = $1 FOR SHARE',
      [kid],
    );
    return row?.state;
  }

  /** Until this transaction ends no other one adds or changes keys. */
  async lock(manager: EntityManager): Promise<void> {
    await manager.query('LOCK TABLE signing_key IN SHARE ROW EXCLUSIVE MODE');
  }

  async insert(manager: EntityManager, key: Partial<SigningKeyEntity>): Promise<void> {
    await manager.insert(SigningKeyEntity, key);
  }

  async change(manager: EntityManager, kid: string, values: Partial<SigningKeyEntity>): Promise<void> {
    await manager.update(SigningKeyEntity, { kid }, values);
  }
}
