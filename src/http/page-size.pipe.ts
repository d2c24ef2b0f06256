import { Injectable, type PipeTransform } from '@nestjs/common';
import { badRequest } from './bad-request.js';

const DEFAULT = 100;
const MAX = 1000;

/** How many entries a page has. Nothing is coerced. */
@Injectable()
export class PageSizePipe implements PipeTransform {
  /** @throws ServiceError `bad-request` */
  transform(value: unknown): number {
    if (value === undefined) return DEFAULT;
    const size = typeof value === 'string' && /^[1-9]\d{0,3}$/.test(value) ? Number(value) : NaN;
    if (!(size <= MAX)) throw badRequest(`limit must be a whole number from 1 to ${MAX}, said once`);
    return size;
  }
}
