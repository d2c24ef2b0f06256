import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { badRequest } from '../http/bad-request.js';
import { ROLE_UID } from './service-account.request.js';

/** The uid of a role in a path, by the same rule as in a body. */
@Injectable()
export class RoleUidPipe implements PipeTransform {
  /** @throws ServiceError `bad-request` */
  transform(text: string, { data: name = 'uid' }: ArgumentMetadata): string {
    if (!ROLE_UID.test(text))
      throw badRequest(`${name} in the path must have 1 to 40 of A-Z, a-z, 0-9, _ and -`);
    return text;
  }
}
