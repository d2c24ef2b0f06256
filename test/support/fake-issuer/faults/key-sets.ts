import { createKey } from '../../tokens.js';
import { faults, FORGED, type Row } from './fault.js';

const KIB = 1024;
const weak = { kty: 'oct', kid: 'symmetric', alg: 'HS256', use: 'sig', k: 'c2VjcmV0' };
const rows: readonly Row[] = [
  ...[204, 301, 401, 404, 429, 500, 503].map((status): Row => [
    `answers ${status} where the keys are`,
    { status },
  ]),
  ['has a page where the keys are', { status: 200, body: '<html>Welcome</html>' }],
  ['has nothing where the keys are', { status: 200 }],
  ['has null where the keys are', { status: 200, body: 'null' }],
  [
    'has a list where the keys are',
    ({ publishedKeys }) => ({ status: 200, body: publishedKeys.map(({ jwk }) => jwk) }),
  ],
  ['publishes no keys', { status: 200, body: { keys: [] } }],
  ['publishes symmetric keys alone', { status: 200, body: { keys: [weak] } }],
  ['publishes another key', () => ({ status: 200, body: { keys: [createKey('ES256', 'unused').jwk] } })],
  [
    'publishes another key under the name',
    ({ key }) => ({ status: 200, body: { keys: [createKey('ES256', key.kid).jwk] } }),
  ],
  [
    'publishes its key for encryption',
    ({ key }) => ({ status: 200, body: { keys: [{ ...key.jwk, use: 'enc' }] } }),
  ],
  [
    'publishes its key for another algorithm',
    ({ key }) => ({ status: 200, body: { keys: [{ ...key.jwk, alg: 'ES384' }] } }),
  ],
  [
    'publishes its key without an algorithm',
    ({ key }) => ({ status: 200, body: { keys: [{ ...key.jwk, alg: undefined }] } }),
  ],
  [
    'publishes its private key',
    ({ key }) => ({
      status: 200,
      body: { keys: [{ ...key.privateKey.export({ format: 'jwk' }), ...key.jwk }] },
    }),
  ],
  [
    'publishes 101 keys',
    ({ key }) => ({ status: 200, body: { keys: [key.jwk, ...Array.from({ length: 100 }, () => ({}))] } }),
  ],
  [
    'publishes 65 KiB of keys',
    ({ key }) => ({ status: 200, body: { keys: [key.jwk], filling: 'x'.repeat(65 * KIB) } }),
  ],
  [
    'publishes its keys twice',
    ({ key }) => ({ status: 200, body: `{"keys":[],"keys":[${JSON.stringify(key.jwk)}]}` }),
  ],
  [
    'compresses its keys',
    ({ key }) => ({ status: 200, headers: { 'Content-Encoding': 'gzip' }, body: { keys: [key.jwk] } }),
  ],
  ['cuts the line where the keys are', () => (_request, response) => response.destroy()],
  ['does not answer where the keys are', () => () => undefined],
];

/**
 * What can be wrong with the keys. The token that would need them cannot be verified then; nothing else is
 * different.
 */
export const keySets = faults('key sets', FORGED, rows, { hits: 'keys' });
