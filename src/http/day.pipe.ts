import { Injectable, type PipeTransform } from '@nestjs/common';
import { parseDay } from '../domain/usage/usage-window.js';
import { badRequest } from './bad-request.js';

/** A UTC day in the query, as `2026-11-27`. */
@Injectable()
export class DayPipe implements PipeTransform {
  /**
   * @param value - what the query has: an array where it says it more than once
   * @returns days since 1970; undefined where it says nothing
   * @throws ServiceError `bad-request`
   */
  transform(value: unknown): number | undefined {
    if (value === undefined) return undefined;
    const day = typeof value === 'string' ? parseDay(value) : undefined;
    if (day === undefined) throw badRequest('a day in the query must be one as 2026-11-27, said once');
    return day;
  }
}
