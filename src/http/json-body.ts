import type { IncomingMessage, ServerResponse } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ServiceError } from '../domain/service-error.js';
import { type JsonValue, parseStrictJson, StrictJsonError } from '../domain/token/strict-json.js';
import { badRequest } from './bad-request.js';
import { contentTypeFault } from './content-type.js';
import { contextOf } from './request-context.js';
import { RequestPipe } from './request.pipe.js';

/** The largest body that is read unless a handler says more, bytes. */
export const MAX_BODY_BYTES = 64 * 1024;

/**
 * A handler's request body, validated as the class of the parameter. It is read here, after the guards, so the
 * body of an unauthenticated caller is neither read nor judged. Its caller is let in again afterwards: a body can take
 * as long as a request may.
 * @param maxBytes - the largest body that is read
 */
export const JsonBody = (maxBytes = MAX_BODY_BYTES): ParameterDecorator =>
  createParamDecorator((_: unknown, context: ExecutionContext) => {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    // Thrown and not rejected, so that it comes before errors of the path's parameters.
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(request);
    if (/^100-continue$/i.test(request.headers.expect ?? '')) {
      context.switchToHttp().getResponse<ServerResponse>().writeContinue();
    }
    const known = contextOf(request);
    return readJsonBody(request, maxBytes).then(async (body) => {
      await known.afterBody?.();
      known.assertStillAllowed?.();
      return body;
    });
  })(RequestPipe);

/**
 * @returns the parsed body; undefined when there is none
 * @throws ServiceError `request.too-large`, `bad-request`
 */
export async function readJsonBody(
  request: IncomingMessage,
  maxBytes = MAX_BODY_BYTES,
): Promise<JsonValue | undefined> {
  const bytes = await readBytes(request, maxBytes);
  if (bytes.length === 0) return undefined;
  const fault = contentTypeFault(request.headers['content-type'], request.headers['content-encoding']);
  if (fault !== undefined) throw badRequest(fault);
  try {
    return parseStrictJson(bytes);
  } catch (error) {
    if (error instanceof StrictJsonError)
      throw badRequest(`the body is not acceptable JSON: ${error.message}`);
    throw error;
  }
}

async function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  return new Promise<Buffer>((resolve, reject) => {
    // While the caller was authenticated: none of the events below comes any more.
    if (request.destroyed) reject(endedEarly());
    contextOf(request).refuseBody = reject;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maxBytes) chunks.push(chunk);
      else reject(tooLarge(request));
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', () => reject(endedEarly()));
    request.on('close', () => reject(endedEarly()));
  }).finally(() => (contextOf(request).refuseBody = undefined));
}

function endedEarly(): ServiceError {
  return badRequest('the body ended early');
}

/** The rest is read and dropped, so that the client gets to see the answer; the request time-out bounds it. */
function tooLarge(request: IncomingMessage): ServiceError {
  request.removeAllListeners('data');
  request.resume();
  return new ServiceError('request.too-large');
}
