import { applyDecorators } from '@nestjs/common';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsDefined,
  IsInt,
  IsString,
  Matches,
  Max,
  Min,
} from 'class-validator';
import { roleRemark } from '../domain/account-name.js';
import { type Action, actionNamed } from '../domain/actions.js';
import { badRequest } from '../http/bad-request.js';
import { IfPresent } from '../http/if-present.decorator.js';
import { IsName, ROLE_UID } from './service-account.request.js';

const MAX_PERMISSIONS = 200;
const MAX_INTEGER = 2_147_483_647;

/** What a role says of itself to people: empty, or one line. */
const IsRemark = (name: string, max: number): PropertyDecorator =>
  applyDecorators(
    IfPresent(),
    IsString({ message: `${name} must be a string` }),
    Matches(roleRemark(max), {
      message: `${name} must have at most ${max} characters, and none that is a control character, invisible or *`,
    }),
  );

const IsRoleUid = (name: string, options = {}): PropertyDecorator =>
  applyDecorators(
    IsString({ message: `${name} must be a string`, ...options }),
    Matches(ROLE_UID, { message: `${name} must have 1 to 40 of A-Z, a-z, 0-9, _ and -`, ...options }),
  );

class RoleRequest {
  @IsName()
  readonly name!: string;

  @IsRemark('displayName', 190)
  readonly displayName?: string;

  @IsRemark('description', 1000)
  readonly description?: string;

  @IsRemark('group', 190)
  readonly group?: string;

  /** Grafana's: there are no organizations here, so a role is the same everywhere. */
  @IfPresent()
  @IsBoolean({ message: 'global must be true or false' })
  readonly global?: boolean;

  /** Read by {@link actionsIn}, which names the one that is wrong. */
  @IsDefined({ message: 'permissions must be an array' })
  readonly permissions!: unknown;
}

/** `POST /api/access-control/roles` */
export class CreateRoleRequest extends RoleRequest {
  @IfPresent()
  @IsRoleUid('uid')
  readonly uid?: string;

  /** Grafana's: a new role has version 1, regardless of this. */
  @IfPresent()
  @IsInt({ message: 'version must be a whole number' })
  @Min(0, { message: 'version must not be negative' })
  @Max(MAX_INTEGER, { message: `version must be at most ${MAX_INTEGER}` })
  readonly version?: number;
}

/** `PUT /api/access-control/roles/:uid` */
export class UpdateRoleRequest extends RoleRequest {
  @IsInt({ message: 'version must be a whole number: that of the role as you know it' })
  @Min(1, { message: 'version must be at least 1' })
  @Max(MAX_INTEGER, { message: `version must be at most ${MAX_INTEGER}` })
  readonly version!: number;
}

/** `PUT /api/access-control/users/:id/roles` */
export class SetRolesRequest {
  @IsArray({ message: 'roleUids must be an array' })
  @ArrayMaxSize(MAX_PERMISSIONS, { message: `roleUids must have at most ${MAX_PERMISSIONS} members` })
  @IsRoleUid('each of roleUids', { each: true })
  readonly roleUids!: string[];

  /** Grafana's: there are no organizations here. */
  @IfPresent()
  @IsBoolean({ message: 'global must be true or false' })
  readonly global?: boolean;
}

/**
 * The actions of a role's `permissions`, each once, former names normalized.
 * @throws ServiceError `bad-request`, which names the member and why
 */
export function actionsIn(permissions: unknown): Action[] {
  if (!Array.isArray(permissions)) throw badRequest('permissions must be an array');
  if (permissions.length > MAX_PERMISSIONS)
    throw badRequest(`permissions must have at most ${MAX_PERMISSIONS} members`);
  return [...new Set(permissions.map((one: unknown, index) => actionIn(one, `permissions[${index}]`)))];
}

function actionIn(permission: unknown, place: string): Action {
  if (typeof permission !== 'object' || permission === null || Array.isArray(permission))
    throw badRequest(`${place} must be an object`);
  const { action, scope = '', ...others } = permission as Record<string, unknown>;
  if (Object.keys(others).length > 0) throw badRequest(`${place} may have action and scope alone`);
  if (typeof action !== 'string') throw badRequest(`${place}.action must be a string`);
  const known = actionNamed(action);
  if (known === undefined)
    throw badRequest(
      /^[A-Za-z0-9.:_-]{1,60}$/.test(action)
        ? `${place}.action must be an action of this service: ${action} is none`
        : `${place}.action must be an action of this service`,
    );
  // A scope that is stored and never looked at would promise a limit that does not hold.
  if (scope !== '') throw badRequest(`${place}.scope must be empty: no action of this service has a scope`);
  return known;
}
