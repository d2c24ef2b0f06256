import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { hangUp } from './hang-up.js';

/** In how many pieces a body may come. */
export const MAX_CHUNKS = 2_048;

/** A request that knows in how many pieces its body has come so far. */
export class CountedRequest extends IncomingMessage {
  chunks = 0;
}

type OnBody = (this: Parser, chunk: Buffer) => void;

/** Node's parser of a connection: {@link Parser.incoming} is the request that it reads. It is not documented. */
interface Parser {
  readonly constructor: { readonly kOnBody?: number };
  readonly incoming?: IncomingMessage | null;
  [callback: number]: OnBody | undefined;
}

/** Node uses its parsers again, for other connections. */
const limited = new WeakSet<Parser>();

/**
 * Hangs up on a client whose body comes in more than {@link MAX_CHUNKS} pieces, whether it is read or not. Each piece
 * costs a call, and 64 KiB can hold 11,000 of one byte: a few such connections would keep all others waiting. Where a
 * release of Node has no such parser, nothing is limited.
 */
export function limitChunks(socket: Socket): void {
  const { parser } = socket as { readonly parser?: Parser | null };
  const index = parser?.constructor.kOnBody;
  if (!parser || index === undefined || limited.has(parser)) return;
  const onBody = parser[index];
  if (onBody === undefined) return;
  limited.add(parser);
  const onLimitedBody: OnBody = function (this: Parser, chunk) {
    const request = this.incoming;
    if (!(request instanceof CountedRequest) || ++request.chunks <= MAX_CHUNKS) {
      onBody.call(this, chunk);
      return;
    }
    // Without a listener the parser drops what else has arrived, without a call for each piece.
    parser[index] = undefined;
    request.socket.once('close', () => (parser[index] = onLimitedBody));
    hangUp(request.socket);
  };
  parser[index] = onLimitedBody;
}
