import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { CustomRoles } from '../access/roles.js';
import { isAction } from '../domain/actions.js';
import { CustomRoleEntity } from './custom-role.entity.js';

/** The rows of custom roles. */
@Injectable()
export class CustomRoleStore {
  async find(manager: EntityManager, uid: string): Promise<CustomRoleEntity | undefined> {
    return (await manager.findOneBy(CustomRoleEntity, { uid })) ?? undefined;
  }

  /** By their names. */
  async list(manager: EntityManager): Promise<CustomRoleEntity[]> {
    return manager.find(CustomRoleEntity, { order: { name: 'ASC' } });
  }

  /** What they give, by uid. */
  async definitions(manager: EntityManager): Promise<CustomRoles> {
    const rows = await manager.find(CustomRoleEntity, { select: { uid: true, name: true, actions: true } });
    return new Map(
      rows.map(({ uid, name, actions }) => [uid, { uid, name, actions: actions.filter(isAction) }]),
    );
  }

  async count(manager: EntityManager): Promise<number> {
    return manager.count(CustomRoleEntity);
  }

  /**
   * Whether another role has this name, or the uid of one is the name of the other, as the files of a provisioning say
   * either. All are compared under NFKC, as the database normalizes it.
   */
  async hasNameOf(manager: EntityManager, name: string, uid: string): Promise<boolean> {
    const [row] = await manager.query<{ found: boolean }[]>(
      `SELECT EXISTS (
         SELECT FROM custom_role
         WHERE uid <> $2 AND (
           normalize($1::text, NFKC) IN (normalize(name, NFKC), normalize(uid, NFKC))
           OR normalize(name, NFKC) = normalize($2::text, NFKC)
         )
       ) AS found`,
      [name, uid],
    );
    return row?.found === true;
  }

  async save(manager: EntityManager, role: CustomRoleEntity): Promise<CustomRoleEntity> {
    return manager.save(manager.create(CustomRoleEntity, role));
  }

  async remove(manager: EntityManager, uid: string): Promise<void> {
    await manager.delete(CustomRoleEntity, { uid });
  }
}
