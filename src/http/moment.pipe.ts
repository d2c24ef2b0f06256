import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { TIME } from '../domain/license/license-claims.js';
import { badRequest } from './bad-request.js';

/**
 * A moment in the query, by the rule for the times of a license: Unix seconds, written as a whole number.
 * Nothing is coerced.
 */
@Injectable()
export class MomentPipe implements PipeTransform {
  /**
   * @param value - what the query has: an array where it says it more than once
   * @returns undefined where it says nothing
   * @throws ServiceError `bad-request`
   */
  transform(value: unknown, { data: name = 'the moment' }: ArgumentMetadata): number | undefined {
    if (value === undefined) return undefined;
    const moment = typeof value === 'string' && /^[1-9]\d*$/.test(value) ? Number(value) : NaN;
    if (!TIME.accepts(moment)) throw badRequest(`${name} must be ${TIME.name}, in Unix seconds, said once`);
    return moment;
  }
}
