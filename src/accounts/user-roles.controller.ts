import { Controller, Delete, HttpCode, Param, Post } from '@nestjs/common';
import { ByActor, type RequestActor } from '../access/actor.decorator.js';
import { RequireAction } from '../http/require-action.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { JsonBody } from '../http/json-body.js';
import { AccountsService } from './accounts.service.js';
import { RoleUidPipe } from './role-uid.pipe.js';
import { AddRoleRequest } from './service-account.request.js';

/** Roles of callers; the id is a service account's. */
@Controller('api/access-control/users/:id/roles')
export class UserRolesController {
  constructor(private readonly accounts: AccountsService) {}

  @Post()
  @HttpCode(200)
  @RequireAction('users.roles:add')
  async add(
    @ByActor() actor: RequestActor,
    @Param('id', IdPipe) id: number,
    @JsonBody() { roleUid }: AddRoleRequest,
  ): Promise<{ message: string }> {
    await this.accounts.addRole(actor, id, roleUid);
    return { message: 'Role added to the user.' };
  }

  @Delete(':roleUid')
  @RequireAction('users.roles:remove')
  async remove(
    @ByActor() actor: RequestActor,
    @Param('id', IdPipe) id: number,
    @Param('roleUid', RoleUidPipe) roleUid: string,
  ): Promise<{ message: string }> {
    await this.accounts.removeRole(actor, id, roleUid);
    return { message: 'Role removed from user.' };
  }
}
