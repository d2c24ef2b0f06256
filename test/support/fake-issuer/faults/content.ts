import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { type AnswerData, faults, type Row, type Situation, UNUSABLE } from './fault.js';

const KIB = 1024;

const text = (body: string | Uint8Array): AnswerData => ({ status: 200, body });
const good = ({ sign, next }: Situation) => JSON.stringify({ token: sign(next) });

const bomb = Buffer.alloc(16 * KIB * KIB, ' ');
/** Small ones that grow a thousandfold; made once, when they are first asked for. */
const BOMBS = {
  gzip: () => gzipSync(bomb),
  deflate: () => deflateSync(bomb),
  br: () => brotliCompressSync(bomb, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
};
const made = new Map<string, Buffer>();

function bombOf(encoding: keyof typeof BOMBS): Buffer {
  const bytes = made.get(encoding) ?? BOMBS[encoding]();
  made.set(encoding, bytes);
  return bytes;
}

export const content = [
  ...faults('content', UNUSABLE, [
    ['answers nothing', { status: 200 }],
    ['answers a space', text(' ')],
    ['answers a page', text('<!doctype html><title>Welcome to nginx!</title>')],
    ['answers plain text', text('OK')],
    ['answers a token without JSON around it', ({ sign, next }) => text(sign(next))],
    ['answers a form', ({ sign, next }) => text(`token=${sign(next)}`)],
    ['answers null', text('null')],
    ['answers true', text('true')],
    ['answers a number', text('1e400')],
    ['answers a text', ({ sign, next }) => text(JSON.stringify(sign(next)))],
    ['answers a list', ({ sign, next }) => text(JSON.stringify([{ token: sign(next) }]))],
    ['answers an empty object', text('{}')],
    ['answers a token under another name', ({ sign, next }) => ({ status: 200, body: { jwt: sign(next) } })],
    ['answers a token in another case', ({ sign, next }) => ({ status: 200, body: { Token: sign(next) } })],
    [
      'answers a token inside of something',
      ({ sign, next }) => ({ status: 200, body: { data: { token: sign(next) } } }),
    ],
    ['answers an error for a success', { status: 200, body: { error: 'internal', code: 500 } }],
    ['answers a rehearsal', { status: 200, body: { dryRun: true } }],
    ['answers a refusal as a success', { status: 200, body: { code: 'license_suspended' } }],
    ...['null', '7', 'true', '{}', '[]'].map((value): Row => [
      `gives ${value} for a token`,
      text(`{"token":${value}}`),
    ]),
    ['gives a list for a token', ({ sign, next }) => ({ status: 200, body: { token: [sign(next)] } })],
    ['says the token twice', ({ sign, next, shown }) => text(`{"token":"${shown}","token":"${sign(next)}"}`)],
    [
      'says the token twice, once with an escape',
      ({ sign, next, shown }) => text(`{"token":"${shown}","t\\u006fken":"${sign(next)}"}`),
    ],
    ['begins with a byte order mark', (situation) => text(`\ufeff${good(situation)}`)],
    ['answers in UTF-16', (situation) => text(Buffer.from(good(situation), 'utf16le'))],
    [
      'answers bytes that are no UTF-8',
      (situation) => text(Buffer.concat([Buffer.from(good(situation)), Buffer.of(0xff)])),
    ],
    ['ends with a NUL', (situation) => text(`${good(situation)}\0`)],
    ['says something after the end', (situation) => text(`${good(situation)} {}`)],
    ['answers two objects, a line each', (situation) => text(`${good(situation)}\n${good(situation)}`)],
    ['guards its JSON against scripts', (situation) => text(`)]}',\n${good(situation)}`)],
    ['calls a function', (situation) => text(`callback(${good(situation)})`)],
    ['comments its JSON', (situation) => text(`${good(situation)} // fresh`)],
    ['leaves a comma behind', (situation) => text(good(situation).replace(/}$/, ',}'))],
    ['quotes with apostrophes', (situation) => text(good(situation).replaceAll('"', "'"))],
    ['answers half of its JSON', (situation) => text(good(situation).slice(0, -20))],
    ['nests its JSON 10,000 deep', text(`{"token":${'['.repeat(10_000)}${']'.repeat(10_000)}}`)],
    ['changes prototypes', text('{"__proto__":{"token":"a.b.c"}}')],
    ['answers with nothing but events', text('data: {"token":"a.b.c"}\n\n')],
  ]),
  ...faults('sizes', UNUSABLE, [
    ['sends one byte more than 64 KiB', (situation) => text(good(situation).padEnd(64 * KIB + 1))],
    ['sends 1 MiB', (situation) => text(good(situation).padEnd(KIB * KIB))],
    [
      'sends without end',
      () => (_request, response) => {
        response.writeHead(200);
        const more = () => {
          while (!response.destroyed && response.write(Buffer.alloc(16 * KIB, 'x')));
        };
        response.on('drain', more);
        more();
      },
    ],
    [
      'sends 64 KiB of headers',
      {
        status: 200,
        headers: Object.fromEntries(
          Array.from({ length: 64 }, (_, at) => [`X-Filling-${at}`, 'x'.repeat(KIB)]),
        ),
      },
    ],
    ['sends a header of 32 KiB', { status: 200, headers: { 'X-Filling': 'x'.repeat(32 * KIB) } }],
  ]),
  ...faults('compression', UNUSABLE, [
    ...(['gzip', 'deflate', 'br'] as const).map((encoding): Row => [
      `sends a bomb: ${encoding}`,
      () => ({ status: 200, headers: { 'Content-Encoding': encoding }, body: bombOf(encoding) }),
    ]),
    [
      'sends a bomb inside of a bomb',
      () => ({
        status: 200,
        headers: { 'Content-Encoding': 'gzip, gzip' },
        body: gzipSync(bombOf('gzip')),
      }),
    ],
    [
      'compresses although it was not asked to',
      (situation) => ({
        status: 200,
        headers: { 'Content-Encoding': 'gzip' },
        body: gzipSync(good(situation)),
      }),
    ],
    ['compresses without saying so', (situation) => ({ status: 200, body: gzipSync(good(situation)) })],
    ...['zstd', 'compress', 'x-own', 'gzip;q=0', 'identity, gzip'].map((encoding): Row => [
      `says that it is encoded: ${encoding}`,
      (situation) => ({
        status: 200,
        headers: { 'Content-Encoding': encoding },
        body: good(situation),
      }),
    ]),
  ]),
];
