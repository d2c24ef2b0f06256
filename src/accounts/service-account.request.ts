import { applyDecorators } from '@nestjs/common';
import { Equals, IsBoolean, IsIn, IsInt, IsString, Matches, Max, Min } from 'class-validator';
import { ACCOUNT_NAME } from '../domain/account-name.js';
import { IfPresent } from '../http/if-present.decorator.js';
import { BASIC_ROLES, type BasicRole } from './service-account.entity.js';

const NAME_RULE =
  'must have 1 to 190 characters, no control or invisible characters, no spaces but plain ones, no *, no space at its ends and no two spaces in a row';

/** As Grafana's: what follows from a name fits, and nothing that has a meaning in a path. */
export const ROLE_UID = /^[A-Za-z0-9_-]{1,40}$/;

export const IsName = (): PropertyDecorator =>
  applyDecorators(
    IsString({ message: 'name must be a string' }),
    Matches(ACCOUNT_NAME, { message: `name ${NAME_RULE}` }),
  );

const IsBasicRole = () => IsIn(BASIC_ROLES, { message: `role must be one of ${BASIC_ROLES.join(', ')}` });

/** `POST /api/serviceaccounts` */
export class CreateServiceAccountRequest {
  @IsName()
  readonly name!: string;

  @IfPresent()
  @IsBasicRole()
  readonly role?: BasicRole;

  @IfPresent()
  @IsBoolean({ message: 'isDisabled must be true or false' })
  readonly isDisabled?: boolean;
}

/** `PATCH /api/serviceaccounts/:id`: at least one member. */
export class UpdateServiceAccountRequest {
  static explain(body: object): string | undefined {
    return Object.keys(body).length === 0 ? 'Bad request data: say what to change' : undefined;
  }

  @IfPresent()
  @IsName()
  readonly name?: string;

  @IfPresent()
  @IsBasicRole()
  readonly role?: BasicRole;

  @IfPresent()
  @IsBoolean({ message: 'isDisabled must be true or false' })
  readonly isDisabled?: boolean;
}

/** `POST /api/serviceaccounts/:id/tokens` */
export class CreateTokenRequest {
  @IsName()
  readonly name!: string;

  /** 0, or nothing, for a token that does not expire. */
  @IfPresent()
  @IsInt({ message: 'secondsToLive must be a whole number' })
  @Min(0, { message: 'secondsToLive must not be negative' })
  @Max(2_147_483_647, { message: 'secondsToLive must be at most 2147483647' })
  readonly secondsToLive?: number;
}

/** `PATCH /api/serviceaccounts/:id/tokens/:tokenId` */
export class RevokeTokenRequest {
  @Equals(true, { message: 'isRevoked must be true: a revoked token stays revoked' })
  readonly isRevoked!: true;
}

/** `POST /api/access-control/users/:id/roles` */
export class AddRoleRequest {
  @IsString({ message: 'roleUid must be a string' })
  @Matches(ROLE_UID, { message: 'roleUid must be the uid of a role' })
  readonly roleUid!: string;
}
