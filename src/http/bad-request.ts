import { ServiceError } from '../domain/service-error.js';

/** The error of a request that says something else than it should; `detail` tells the caller what. */
export function badRequest(detail: string): ServiceError {
  return new ServiceError('bad-request', undefined, { detail });
}
