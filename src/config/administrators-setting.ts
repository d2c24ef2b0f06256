import { invisibleCharacter } from '../domain/invisible-character.js';
import { parsePasswordHash, type PasswordHash } from '../domain/password-hash.js';
import { SettingError } from './setting-error.js';

/** The name of an administrator, as a Basic header can carry it (RFC 7617, section 2). */
export const ADMINISTRATOR_NAME = /^[^\p{Cc}:]{1,190}$/u;

/** Of the password of an administrator, characters. */
export const PASSWORD_LENGTH = { min: 12, max: 1024 };

/** An administrator whose password is known by its hash. */
export interface HashedAdministrator {
  readonly name: string;
  readonly hash: PasswordHash;
}

/** Lines of `name:hash`. Empty lines and those that begin with `#` say nothing. */
export const administrators = {
  parse(text: string): readonly HashedAdministrator[] {
    const users: HashedAdministrator[] = [];
    for (const [index, line] of text.split(/\r?\n/).entries()) {
      if (line.trim() === '' || line.startsWith('#')) continue;
      const refuse = (reason: string) => new SettingError(`line ${index + 1}: ${reason}`);
      const invisible = invisibleCharacter(line);
      if (invisible !== undefined) throw refuse(`must not have an invisible character: ${invisible}`);
      const colon = line.indexOf(':');
      const name = line.slice(0, Math.max(colon, 0));
      if (!ADMINISTRATOR_NAME.test(name) || name.trim() !== name)
        throw refuse('must be name:hash, with a name of 1 to 190 characters');
      if (users.some((user) => user.name === name)) throw refuse('its name is there already');
      const hash = parsePasswordHash(line.slice(colon + 1).trim());
      if (hash === undefined)
        throw refuse('must have a hash that `licentia hash-password` has printed behind the colon');
      users.push({ name, hash });
    }
    if (users.length === 0) throw new SettingError('must have a line name:hash');
    return Object.freeze(users);
  },
};
