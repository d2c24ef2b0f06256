import { INVISIBLE_CHARACTERS } from './invisible-character.js';

/** What no name of an account or token has, and no text about a role. */
const REFUSED = `${INVISIBLE_CHARACTERS}*`;

/** The characters of a name: `Name` in docs/openapi.yaml has the same pattern. */
export const ACCOUNT_NAME_CHARACTERS = new RegExp(`^[^${REFUSED}]+$`, 'u');

/** A whole name: 1 to 190 of these characters, no space at either end, and none beside another: pages show one. */
export const ACCOUNT_NAME = new RegExp(`^(?! )(?!.*  )[^${REFUSED}]{1,190}(?<! )$`, 'u');

/** A text about a role, of at most so many characters. `Remark` in docs/openapi.yaml has the same pattern. */
export const roleRemark = (max: number) => new RegExp(`^[^${REFUSED}]{0,${max}}$`, 'u');
