import { ed25519Weakness } from '../../../src/domain/token/ed25519-point.js';
import { createKey, type Overrides, skipReason, testKey, withOverrides } from '../../support/tokens.js';

const ed = testKey('EdDSA').jwk;

describe('An Ed25519 key', () => {
  it.each<[string, string]>([
    ['the neutral point', `01${'00'.repeat(31)}`],
    ['the point of order 2', `ec${'ff'.repeat(30)}7f`],
    ['a point of order 4', '00'.repeat(32)],
    ['the other point of order 4', `${'00'.repeat(31)}80`],
    ['a point of order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
    ['a second point of order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85'],
    ['a third point of order 8', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
    ['a fourth point of order 8', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'],
  ])('skips %s', async (_, hex) => {
    expect(await skipReason({ ...ed, x: Buffer.from(hex, 'hex').toString('base64url') })).toContain(
      'small order',
    );
  });

  it.each<[string, string]>([
    ['y = p, another form of 0', `ed${'ff'.repeat(30)}7f`],
    ['y = p + 1, another form of 1', `ee${'ff'.repeat(30)}7f`],
    ['y = 2^255 - 1', `${'ff'.repeat(31)}7f`],
    ['x = -0', `01${'00'.repeat(30)}80`],
    ['a y that no point has', `02${'00'.repeat(31)}`],
  ])('skips %s', async (_, hex) => {
    expect(await skipReason({ ...ed, x: Buffer.from(hex, 'hex').toString('base64url') })).toContain(
      'no point',
    );
  });

  it.each<[string, Overrides]>([
    ['31 bytes', { x: Buffer.alloc(31, 7).toString('base64url') }],
    ['33 bytes', { x: Buffer.alloc(33, 7).toString('base64url') }],
    ['no x', { x: undefined }],
    [
      'loose trailing bits',
      { x: `${(ed.x as string).slice(0, -1)}${(ed.x as string).endsWith('9') ? '-' : '9'}` },
    ],
    ['the curve Ed448', { crv: 'Ed448' }],
    ['the curve X25519', { crv: 'X25519' }],
    ['the alg Ed25519', { alg: 'Ed25519' }],
    ['its private part', { d: ed.x }],
    ['the kty EC', { kty: 'EC' }],
  ])('skips one with %s', async (_, overrides) => {
    expect(await skipReason(withOverrides(ed, overrides))).not.toBe('accepted');
  });

  it.each([0, 31, 33, 64])('names its length when it has %d bytes', (length) => {
    expect(ed25519Weakness(Buffer.alloc(length, 7))).toContain('32 bytes');
  });

  it('takes every key that the engine makes', async () => {
    for (let run = 0; run < 40; run += 1) expect(await skipReason(createKey('EdDSA').jwk)).toBe('accepted');
  });
});
