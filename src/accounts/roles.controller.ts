import { Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ByActor, type RequestActor } from '../access/actor.decorator.js';
import { FlagPipe } from '../http/flag.pipe.js';
import { JsonBody } from '../http/json-body.js';
import { RequireAction } from '../http/require-action.decorator.js';
import { CustomRoles, type RoleContent } from './custom-roles.service.js';
import { actionsIn, CreateRoleRequest, UpdateRoleRequest } from './role.request.js';
import { type RoleResponse, roleResponse } from './role.response.js';
import { RoleUidPipe } from './role-uid.pipe.js';

/** What roles there are. */
@Controller('api/access-control/roles')
export class RolesController {
  constructor(private readonly roles: CustomRoles) {}

  @Get()
  @RequireAction('roles:read')
  async list(): Promise<RoleResponse[]> {
    return (await this.roles.list()).map(roleResponse);
  }

  @Post()
  @HttpCode(200)
  @RequireAction('roles:write')
  async create(@ByActor() actor: RequestActor, @JsonBody() body: CreateRoleRequest): Promise<RoleResponse> {
    return roleResponse(await this.roles.create(actor, contentIn(body), body.uid));
  }

  @Get(':uid')
  @RequireAction('roles:read')
  async find(@Param('uid', RoleUidPipe) uid: string): Promise<RoleResponse> {
    return roleResponse(await this.roles.find(uid));
  }

  @Put(':uid')
  @RequireAction('roles:write')
  async update(
    @ByActor() actor: RequestActor,
    @Param('uid', RoleUidPipe) uid: string,
    @JsonBody() body: UpdateRoleRequest,
  ): Promise<RoleResponse> {
    return roleResponse(await this.roles.update(actor, uid, body.version, contentIn(body)));
  }

  @Delete(':uid')
  @RequireAction('roles:delete')
  async remove(
    @ByActor() actor: RequestActor,
    @Param('uid', RoleUidPipe) uid: string,
    @Query('force', new FlagPipe('force')) isForced: boolean,
  ): Promise<{ message: string }> {
    await this.roles.remove(actor, uid, isForced);
    return { message: 'Role deleted' };
  }
}

function contentIn({
  name,
  displayName = '',
  description = '',
  group = '',
  permissions,
}: CreateRoleRequest | UpdateRoleRequest): RoleContent {
  return { name, displayName, description, group, actions: actionsIn(permissions) };
}
