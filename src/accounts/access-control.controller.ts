import { Controller, Get, Post } from '@nestjs/common';
import { ByActor, type RequestActor } from '../access/actor.decorator.js';
import { ServiceError } from '../domain/service-error.js';
import { OpenToAll, RequireCaller } from '../http/require-action.decorator.js';
import { ownPermissionsResponse } from './role.response.js';

/** What a caller asks about itself, and what older clients of Grafana ask. */
@Controller('api')
export class AccessControlController {
  @Get('access-control/status')
  @RequireCaller({ fromMemory: true })
  status(): { enabled: true } {
    return { enabled: true };
  }

  /** What the caller's credentials give, which can be less than its account has. */
  @Get('access-control/user/permissions')
  @RequireCaller({ fromMemory: true })
  own(@ByActor() { actions }: RequestActor): Record<string, readonly ['']> {
    return ownPermissionsResponse(actions);
  }

  /** @throws ServiceError `api-keys.gone` */
  @Post('auth/keys')
  @OpenToAll()
  keys(): never {
    throw new ServiceError('api-keys.gone');
  }
}
