import { randomBytes } from 'node:crypto';
import { ConfigError } from '../../src/config/environment.js';
import { loadServiceConfig } from '../../src/config/service-config.js';

const [key, former] = [randomBytes(32), randomBytes(32)];
const [KEY, FORMER] = [key.toString('base64'), former.toString('base64')];

const settingOf = (text?: string) =>
  loadServiceConfig(text === undefined ? {} : { LICENSE_ENCRYPTION_KEY: text }).licenseEncryption;

describe('LICENSE_ENCRYPTION_KEY', () => {
  it.each([
    ['encrypts nothing unless it is set', undefined, undefined, []],
    ['encrypts with its one key', KEY, key, [key]],
    ['encrypts with the first of several, and each decrypts', `${KEY}, ${FORMER}`, key, [key, former]],
    ['only decrypts behind "clear"', `clear,${KEY}`, undefined, [key]],
  ])('%s', (_, text, encryptsWith, keys) => {
    expect(settingOf(text)).toEqual({ encryptsWith, keys });
  });

  it.each([
    'clear',
    'clear,',
    'clear,short',
    `${KEY},clear`,
    `${KEY},`,
    randomBytes(16).toString('base64'),
    key.toString('hex'),
  ])('is refused otherwise: %j', (text) => {
    expect(() => settingOf(text)).toThrow(ConfigError);
    expect(() => settingOf(text)).toThrow(/LICENSE_ENCRYPTION_KEY must /);
  });
});
