import { encryptionKeys, optional, secret, SettingError } from './setting.js';

/** In the place of the first key: new tokens are stored in clear, and the keys behind it only decrypt. */
const CLEAR = 'clear';

/** How license tokens are stored in the database. */
export interface LicenseEncryptionConfig {
  /** Encrypts what is stored, 32 bytes; undefined to store it in clear. */
  readonly encryptsWith: Buffer | undefined;
  /** Each of these decrypts, the one that encrypts included. */
  readonly keys: readonly Buffer[];
}

/** What can be set about stored license tokens. */
export const LICENSE_ENCRYPTION_SETTINGS = {
  LICENSE_ENCRYPTION_KEY: secret(optional({ parse: parseKeys })),
};

export function licenseEncryptionConfig(values: {
  readonly LICENSE_ENCRYPTION_KEY: LicenseEncryptionConfig | undefined;
}): LicenseEncryptionConfig {
  return values.LICENSE_ENCRYPTION_KEY ?? Object.freeze({ encryptsWith: undefined, keys: Object.freeze([]) });
}

function parseKeys(value: string): LicenseEncryptionConfig {
  const [first = '', ...former] = value.split(',');
  const isClear = first.trim() === CLEAR;
  if (isClear && former.length === 0)
    throw new SettingError('must have a key behind "clear,": leave it out to store tokens in clear');
  const keys = encryptionKeys.parse(isClear ? former.join(',') : value);
  return Object.freeze({ encryptsWith: isClear ? undefined : keys[0], keys });
}
