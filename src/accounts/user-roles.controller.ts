import { Controller, Delete, Get, HttpCode, Param, Post, Put } from '@nestjs/common';
import { ByActor, type RequestActor } from '../access/actor.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { JsonBody } from '../http/json-body.js';
import { RequireAction } from '../http/require-action.decorator.js';
import { CustomRoles } from './custom-roles.service.js';
import { SetRolesRequest } from './role.request.js';
import {
  type PermissionResponse,
  permissionsResponse,
  type RoleResponse,
  roleResponse,
} from './role.response.js';
import { RoleAssignments } from './role-assignments.service.js';
import { RoleUidPipe } from './role-uid.pipe.js';
import { AddRoleRequest } from './service-account.request.js';

/** Roles of callers; the id is a service account's. */
@Controller('api/access-control/users/:id')
export class UserRolesController {
  constructor(
    private readonly assignments: RoleAssignments,
    private readonly roles: CustomRoles,
  ) {}

  @Get('roles')
  @RequireAction('users.roles:read')
  async list(@Param('id', IdPipe) id: number): Promise<RoleResponse[]> {
    const uids = new Set(await this.assignments.list(id));
    return (await this.roles.list()).filter(({ uid }) => uids.has(uid)).map(roleResponse);
  }

  @Post('roles')
  @HttpCode(200)
  @RequireAction('users.roles:add')
  async add(
    @ByActor() actor: RequestActor,
    @Param('id', IdPipe) id: number,
    @JsonBody() { roleUid }: AddRoleRequest,
  ): Promise<{ message: string }> {
    await this.assignments.add(actor, id, roleUid);
    return { message: 'Role added to the user.' };
  }

  @Put('roles')
  @RequireAction({ allOf: ['users.roles:add', 'users.roles:remove'] })
  async replace(
    @ByActor() actor: RequestActor,
    @Param('id', IdPipe) id: number,
    @JsonBody() { roleUids }: SetRolesRequest,
  ): Promise<{ message: string }> {
    await this.assignments.replace(actor, id, roleUids);
    return { message: 'User roles have been updated.' };
  }

  @Delete('roles/:roleUid')
  @RequireAction('users.roles:remove')
  async remove(
    @ByActor() actor: RequestActor,
    @Param('id', IdPipe) id: number,
    @Param('roleUid', RoleUidPipe) roleUid: string,
  ): Promise<{ message: string }> {
    await this.assignments.remove(actor, id, roleUid);
    return { message: 'Role removed from user.' };
  }

  @Get('permissions')
  @RequireAction('users.permissions:read')
  async permissions(@Param('id', IdPipe) id: number): Promise<PermissionResponse[]> {
    return permissionsResponse(await this.assignments.permissions(id));
  }
}
