import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { IssuedLicenseEntity } from './issued-license.entity.js';

/** The rows of the licenses. */
@Injectable()
export class IssuedLicenseStore {
  async load(manager: EntityManager, lid: string): Promise<IssuedLicenseEntity | undefined> {
    return (await manager.findOneBy(IssuedLicenseEntity, { lid })) ?? undefined;
  }

  /** Loads a license and locks its row until the transaction ends. */
  async loadLocked(manager: EntityManager, lid: string): Promise<IssuedLicenseEntity | undefined> {
    const lock = { mode: 'pessimistic_write' } as const;
    return (await manager.findOne(IssuedLicenseEntity, { where: { lid }, lock })) ?? undefined;
  }

  /** All licenses, the oldest first. @param lid - this license alone */
  async loadAll(manager: EntityManager, lid?: string): Promise<IssuedLicenseEntity[]> {
    return manager.find(IssuedLicenseEntity, {
      ...(lid === undefined ? {} : { where: { lid } }),
      order: { createdAt: 'ASC', lid: 'ASC' },
    });
  }

  /** @returns false where the `lid` is taken: nothing is stored then */
  async insert(manager: EntityManager, license: IssuedLicenseEntity): Promise<boolean> {
    const inserted = await manager
      .createQueryBuilder()
      .insert()
      .into(IssuedLicenseEntity)
      .values(license)
      .orIgnore()
      .returning('lid')
      .execute();
    return (inserted.raw as unknown[]).length > 0;
  }

  async save(manager: EntityManager, license: IssuedLicenseEntity): Promise<IssuedLicenseEntity> {
    return manager.save(license);
  }

  /** Writes the last token of a license, and nothing else of it. @param lastIat - its `iat`, Unix seconds */
  async saveToken(manager: EntityManager, lid: string, lastIat: number, lastToken: string): Promise<void> {
    await manager.update(IssuedLicenseEntity, { lid }, { lastIat, lastToken });
  }
}
