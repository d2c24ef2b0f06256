import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectKeySetFile } from '../../src/issuer/key-set-source.js';
import { testKey, withOverrides } from '../support/tokens.js';

const { jwk } = testKey('ES256');
const bare = withOverrides(jwk, { use: undefined, kid: 'a\u001b[2Jb\n' });
const SKIPPED = 'ISSUER_JWKS_PATH: key 1 ("a\\u{1b}[2Jb\\u{a}") cannot be used: it has no "use".';

describe('a file of keys that is looked at before a start', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-keys-'));
  });

  afterAll(async () => {
    await rm(directory, { recursive: true });
  });

  it.each<[string, unknown, string[]]>([
    ['usable keys', { keys: [jwk] }, []],
    ['a key that is skipped', { keys: [bare, jwk] }, [SKIPPED]],
    [
      'no key that is not skipped',
      { keys: [bare] },
      [SKIPPED, 'ISSUER_JWKS_PATH names a key set without one usable key.'],
    ],
    ['no key', { keys: [] }, ['ISSUER_JWKS_PATH names a key set without one usable key.']],
    [
      'one key alone',
      jwk,
      ['ISSUER_JWKS_PATH names a file that is no key set: The key set is no object with an array "keys".'],
    ],
  ])('is described when it has %s', async (_, content, sentences) => {
    const path = join(directory, 'jwks.json');
    await writeFile(path, JSON.stringify(content));
    expect(await inspectKeySetFile(path)).toEqual(sentences);
  });

  it('is described when it is no JSON, or not there, without its path', async () => {
    const path = join(directory, 'broken.json');
    const [missing, ...none] = await inspectKeySetFile(path);
    expect(none).toEqual([]);
    expect(missing).toBe('ISSUER_JWKS_PATH names a file that is no key set: there is no such file.');
    await writeFile(path, '{');
    const [broken] = await inspectKeySetFile(path);
    expect(broken).toMatch(/^ISSUER_JWKS_PATH names a file that is no key set: .*\.$/);
    for (const sentence of [missing, broken]) expect(sentence).not.toContain(directory);
  });
});
