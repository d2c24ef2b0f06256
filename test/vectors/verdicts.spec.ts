import { emptyKeySet, type KeySet, readKeySet } from '../../src/domain/token/key-set.js';

import { verifyLicenseToken } from '../support/verify-license-token.js';
import { parseRootUrl } from '../../src/domain/root-url.js';
import { ServiceError } from '../../src/domain/service-error.js';
import type { JsonValue } from '../../src/domain/token/strict-json.js';
import { readVectors, type Vector, vectorFiles, vectorInstance } from '../support/vectors.js';

const policy = { ...vectorInstance, rootUrl: parseRootUrl(vectorInstance.rootUrl) };

describe('The published vectors, by the rules alone', () => {
  let keys: KeySet = emptyKeySet;

  beforeAll(async () => {
    keys = await readKeySet(JSON.parse(readVectors('jwks.json')) as JsonValue);
  });

  it('come with a key set of which every key is used', () => {
    expect(keys.skipped).toEqual([]);
    expect(keys.size).toBe(14);
  });

  it.each(vectorFiles)('$class: every token gets its verdict and its code', async ({ vectors }) => {
    const wrong: string[] = [];
    for (const vector of vectors) {
      const code = await codeOf(vector);
      if (code !== vector.code) wrong.push(`${vector.id}: ${code}, not ${vector.code}`);
    }
    expect(wrong).toEqual([]);
  });

  async function codeOf({ token, now }: Vector): Promise<string | null> {
    try {
      await verifyLicenseToken(token, keys, policy, now);
      return null;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return error.code;
    }
  }
});
