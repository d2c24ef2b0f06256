import {
  hashPassword,
  isPassword,
  parsePasswordHash,
  type PasswordHash,
} from '../../src/domain/password-hash.js';

/** The third test vector of RFC 7914, section 12, is that of N = 16384, r = 8, p = 1. */
const RFC_7914 = {
  password: 'pleaseletmein',
  salt: 'SodiumChloride',
  hash: '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2',
};
const base64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '');
const HASH = base64(Buffer.alloc(32, 7));
const SALT = base64(Buffer.alloc(16, 7));

describe('a hashed password', () => {
  it('is scrypt as RFC 7914 has it', async () => {
    const known: PasswordHash = {
      logN: 14,
      parallelism: 1,
      salt: Buffer.from(RFC_7914.salt),
      // A key of 64 bytes begins with that of 32.
      hash: Buffer.from(RFC_7914.hash, 'hex'),
    };
    expect(await isPassword(RFC_7914.password, known)).toBe(true);
    expect(await isPassword(`${RFC_7914.password} `, known)).toBe(false);
  });

  it('has a salt of its own each time, and is read again', async () => {
    const texts = [await hashPassword('pässwörd 🔑'), await hashPassword('pässwörd 🔑')];
    expect(texts[0]).not.toBe(texts[1]);
    for (const text of texts) {
      const read = parsePasswordHash(text) as PasswordHash;
      expect(await isPassword('pässwörd 🔑', read)).toBe(true);
      expect(await isPassword('passwörd 🔑', read)).toBe(false);
    }
  });

  it.each([
    ['another function', `$argon2id$v=19$m=65536,t=3,p=4$${SALT}$${HASH}`],
    ['a cost that is easy to guess', `$scrypt$ln=13,r=8,p=1$${SALT}$${HASH}`],
    ['a cost that takes seconds', `$scrypt$ln=18,r=8,p=1$${SALT}$${HASH}`],
    ['no parallelism', `$scrypt$ln=15,r=8,p=0$${SALT}$${HASH}`],
    ['too much parallelism', `$scrypt$ln=15,r=8,p=5$${SALT}$${HASH}`],
    ['another block size', `$scrypt$ln=15,r=16,p=1$${SALT}$${HASH}`],
    ['a short salt', `$scrypt$ln=15,r=8,p=1$${SALT.slice(1)}$${HASH}`],
    ['a short hash', `$scrypt$ln=15,r=8,p=1$${SALT}$${HASH.slice(1)}`],
    ['something behind it', `$scrypt$ln=15,r=8,p=1$${SALT}$${HASH}:`],
    ['a password in the open', 'correct horse battery staple'],
    ['nothing', ''],
  ])('is none with %s', (_, text) => {
    expect(parsePasswordHash(text)).toBeUndefined();
  });
});
