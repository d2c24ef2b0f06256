import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { SigningKeyState } from '../../domain/token/key-rotation.js';
import { SigningKeyEntity } from './signing-key.entity.js';

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

  /** The same with the retired ones behind them. */
  async everything(manager: EntityManager): Promise<SigningKeyEntity[]> {
    const retired = await manager.find(SigningKeyEntity, {
      where: { state: 'retired' },
      order: { retiredAt: 'DESC', kid: 'ASC' },
    });
    return [...(await this.all(manager)), ...retired];
  }

  /** Keeps the state of a key as it is until the transaction ends. @returns it; undefined without such a key */
  async hold(manager: EntityManager, kid: string): Promise<SigningKeyState | undefined> {
    const [row] = await manager.query<{ state: SigningKeyState }[]>(
      'SELECT state FROM signing_key WHERE kid = $1 FOR SHARE',
      [kid],
    );
    return row?.state;
  }

  /** A key that nothing is signed with until the transaction ends: what is being signed ends first. */
  async take(manager: EntityManager, kid: string): Promise<SigningKeyEntity> {
    return manager.findOneOrFail(SigningKeyEntity, { where: { kid }, lock: { mode: 'pessimistic_write' } });
  }

  /** Makes a key the active one in the place of that which was it. */
  async replaceActive(manager: EntityManager, kid: string, at: Date): Promise<void> {
    await manager.update(SigningKeyEntity, { state: 'active' }, { state: 'verify-only', verifyOnlyAt: at });
    await manager.update(SigningKeyEntity, { kid }, { state: 'active', activatedAt: at, verifyOnlyAt: null });
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
