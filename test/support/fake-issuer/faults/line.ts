import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { CUT, faults, LATE, type Row, UNUSABLE } from './fault.js';

/** Writes to the connection what HTTP's own functions would not, and leaves or ends it. */
function raw(
  text: string | Uint8Array,
  then: 'leave' | 'end' | 'reset' | 'destroy',
): (request: unknown, response: ServerResponse) => void {
  return (_request, { socket }) => {
    socket?.write(text, () => {
      if (then === 'end') socket.end();
      // Under TLS the connection itself.
      const connection = (socket as Socket & { _parent?: Socket | null })._parent ?? socket;
      // A reset can overtake what was sent before it.
      if (then === 'reset') setTimeout(() => connection.resetAndDestroy(), 50);
      if (then === 'destroy') setTimeout(() => socket.destroy(), 50);
    });
  };
}

/** Writes a piece at a time, for as long as the client is connected. */
function trickle(first: string, piece: string): (request: unknown, response: ServerResponse) => void {
  return (_request, { socket }) => {
    socket?.write(first);
    const timer = setInterval(() => socket?.write(piece), 20);
    socket?.on('close', () => clearInterval(timer));
  };
}

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;

const row = (name: string, act: ReturnType<typeof raw>): Row => [name, () => act];

/** What goes wrong between two machines, or with one that is no HTTP server. */
export const line = [
  ...faults('latency', LATE, [
    row('does not answer', () => undefined),
    [
      'answers long after everybody has gone',
      ({ sign, next }) => ({ status: 200, delay: 20_000, body: { token: sign(next) } }),
    ],
    row('announces a terabyte', raw(`${HEAD}Content-Length: 1000000000000\r\n\r\n{"token":"`, 'leave')),
    // Node's client then waits for a handler of that protocol.
    row(
      'wants to speak something else',
      raw('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n', 'leave'),
    ),
    row('sends headers and no body', raw(`${HEAD}Content-Length: 100\r\n\r\n`, 'leave')),
    row('sends half of its headers', raw(HEAD, 'leave')),
    row('sends half a body and waits', raw(`${HEAD}Content-Length: 100\r\n\r\n{"token":"`, 'leave')),
    row('sends a chunk and waits', raw(`${CHUNKED}1\r\n{\r\n`, 'leave')),
    row('sends its status a letter at a time', trickle('HTTP/1.1 200 ', 'O')),
    row('sends headers for ever', trickle(HEAD, 'X-More: 1\r\n')),
    row('sends its body a byte at a time', trickle(`${HEAD}Content-Length: 60000\r\n\r\n`, ' ')),
    row('sends a chunk of a byte at a time', trickle(CHUNKED, '1\r\n \r\n')),
    row('says for ever that it is about to answer', trickle('', 'HTTP/1.1 102 Processing\r\n\r\n')),
    row('says for ever that it may go on', trickle('', 'HTTP/1.1 100 Continue\r\n\r\n')),
  ]),
  ...faults('cut', CUT, [
    row('closes without an answer', (_request, response) => response.destroy()),
    row('resets without an answer', raw('', 'reset')),
    row('ends without an answer', (_request, { socket }) => void socket?.end()),
    row('ends within its status', raw('HTTP/1.1 2', 'end')),
    row('ends within its headers', raw(HEAD, 'end')),
    row('resets within its headers', raw(HEAD, 'reset')),
  ]),
  ...faults('cut', UNUSABLE, [
    row('ends within its body', raw(`${HEAD}Content-Length: 100\r\n\r\n{"token":"a.b.c"}`, 'end')),
    row('ends within a chunk', raw(`${CHUNKED}ff\r\n{"token":"a.b.c"}`, 'end')),
    row('ends before the last chunk', raw(`${CHUNKED}11\r\n{"token":"a.b.c"}\r\n`, 'end')),
    [
      'ends early by its own count, with a whole token',
      ({ sign, next }) =>
        raw(`${HEAD}Content-Length: 60000\r\n\r\n${JSON.stringify({ token: sign(next) })}`, 'end'),
    ],
    row('is gone within its body', raw(`${HEAD}Content-Length: 100\r\n\r\n{"token":"`, 'destroy')),
    row('is gone after its headers', raw(`${HEAD}Content-Length: 100\r\n\r\n`, 'destroy')),
  ]),
  ...faults('protocol', UNUSABLE, [
    row('speaks no HTTP', raw('I am no web server\r\n\r\n', 'end')),
    row('greets as a mail server', raw('220 mail.example.com ESMTP\r\n', 'leave')),
    row('greets as SSH', raw('SSH-2.0-OpenSSH_9.6\r\n', 'leave')),
    row('speaks HTTP/0.9', raw('{"token":"a.b.c"}', 'end')),
    row(
      'speaks HTTP/2',
      raw(Buffer.from('000012040000000000000300000064000400010000000600004000', 'hex'), 'leave'),
    ),
    row('speaks HTTP/9.9', raw('HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n{}', 'end')),
    row('sends zeros', raw(Buffer.alloc(1000), 'leave')),
    row('has a status of letters', raw('HTTP/1.1 OK 200\r\n\r\n', 'end')),
    row('has a status of two digits', raw('HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\n{}', 'end')),
    row('has a header without a name', raw('HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 2\r\n\r\n{}', 'end')),
    row('has a NUL in a header', raw('HTTP/1.1 200 OK\r\nX: \0\r\nContent-Length: 2\r\n\r\n{}', 'end')),
    row(
      'says two lengths',
      raw(`${HEAD}Content-Length: 2\r\nContent-Length: 17\r\n\r\n{"token":"a.b.c"}`, 'end'),
    ),
    row(
      'says a length and chunks',
      raw(`${HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`, 'end'),
    ),
    row('says a length below zero', raw(`${HEAD}Content-Length: -1\r\n\r\n{}`, 'end')),
    row('has a chunk of no number', raw(`${CHUNKED}xyz\r\n{}\r\n0\r\n\r\n`, 'end')),
    row('has a chunk longer than it says', raw(`${CHUNKED}1\r\n{"token":"a.b.c"}\r\n0\r\n\r\n`, 'end')),
    row('compresses its transfer', raw(`${HEAD}Transfer-Encoding: gzip\r\n\r\n{}`, 'end')),
  ]),
];
