/** No answer of the service is as long, bytes. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Statuses whose answers have no body. Chromium has an empty stream there, and takes no `Response` with one. */
const WITHOUT_BODY: readonly number[] = [204, 205, 304];

/** The answer has no end, or is that of another program. */
export class LongAnswerError extends Error {
  override readonly name = 'LongAnswerError';
}

/**
 * An answer whose body ends with an error where it is too long, or the signal comes. Node may collect a request, and
 * its own signal with it, as soon as the head of the answer is there.
 */
export function boundedAnswer(response: Response, signal: AbortSignal): Response {
  if (response.body === null || WITHOUT_BODY.includes(response.status)) return response;
  let length = 0;
  const bounded = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      length += chunk.byteLength;
      if (length > MAX_BYTES) throw new LongAnswerError(`it has more than ${MAX_BYTES / 1024 / 1024} MiB`);
      controller.enqueue(chunk);
    },
  });
  const { status, statusText, headers } = response;
  return new Response(response.body.pipeThrough(bounded, { signal }), { status, statusText, headers });
}
