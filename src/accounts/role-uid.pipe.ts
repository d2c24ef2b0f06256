import { Injectable, type PipeTransform } from '@nestjs/common';
import { badRequest } from '../http/bad-request.js';
import { ROLE_UID } from './service-account.request.js';

/** The uid of a role in a path, by the same rule as in a body. */
@Injectable()
export class RoleUidPipe implements PipeTransform {
  /** @throws ServiceError `bad-request` */
  transform(text: string): string {
    if (!ROLE_UID.test(text)) throw badRequest('the role in the path must be the uid of a role');
    return text;
  }
}
