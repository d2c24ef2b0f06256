import type { IncomingMessage } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { badRequest } from '../../http/bad-request.js';

/** Two headers are joined by a comma and a space, so they do not match. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/** The `Idempotency-Key` of a request. @throws ServiceError `bad-request` when there is not one usable key */
export const IdempotencyKey = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  const key = context.switchToHttp().getRequest<IncomingMessage>().headers['idempotency-key'];
  if (typeof key === 'string' && KEY.test(key)) return key;
  throw badRequest('the header Idempotency-Key must have 1 to 255 printable ASCII characters and no space');
});
