import { Injectable, type PipeTransform } from '@nestjs/common';
import { badRequest } from './bad-request.js';

/** The id in a path: a whole number written as one, below 2^53. Nothing is coerced. */
@Injectable()
export class IdPipe implements PipeTransform {
  /** @throws ServiceError `bad-request` */
  transform(text: string): number {
    const id = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : NaN;
    if (!Number.isSafeInteger(id)) throw badRequest('the id in the path must be a whole number');
    return id;
  }
}
