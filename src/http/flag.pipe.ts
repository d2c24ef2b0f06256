import { Injectable, type PipeTransform } from '@nestjs/common';
import { badRequest } from './bad-request.js';

/** A parameter of the query that is true or false; false where it is missing. */
@Injectable()
export class FlagPipe implements PipeTransform {
  constructor(private readonly name: string) {}

  /** @throws ServiceError `bad-request` */
  transform(value: unknown): boolean {
    if (value !== undefined && value !== 'true' && value !== 'false')
      throw badRequest(`${this.name} must be true or false, said once`);
    return value === 'true';
  }
}
