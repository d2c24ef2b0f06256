import { Injectable, type PipeTransform } from '@nestjs/common';
import { badRequest } from './bad-request.js';

/** A whole number of the query that has a name, from 1 on. Nothing is coerced. */
@Injectable()
export class NumberPipe implements PipeTransform {
  constructor(
    private readonly name: string,
    private readonly unless: number,
    private readonly max: number,
  ) {}

  /** @throws ServiceError `bad-request` */
  transform(value: unknown): number {
    if (value === undefined) return this.unless;
    const number = typeof value === 'string' && /^[1-9]\d{0,8}$/.test(value) ? Number(value) : NaN;
    if (!(number <= this.max))
      throw badRequest(`${this.name} must be a whole number from 1 to ${this.max}, said once`);
    return number;
  }
}
