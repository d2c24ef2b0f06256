import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { badRequest } from './bad-request.js';

/** An id in a path: a whole number written as one, below 2^53. Nothing is coerced. */
@Injectable()
export class IdPipe implements PipeTransform {
  /** @throws ServiceError `bad-request` */
  transform(text: string, { data: name = 'id' }: ArgumentMetadata): number {
    const id = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : NaN;
    if (!Number.isSafeInteger(id))
      throw badRequest(`${name} in the path must be a whole number from 1 to ${Number.MAX_SAFE_INTEGER}`);
    return id;
  }
}
