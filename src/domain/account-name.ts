/**
 * Characters that no name of an account or token has: controls, spaces other than U+0020, format characters,
 * what is ignored by default (Default_Ignorable_Code_Point), the blank of Braille and lone surrogates, as of
 * Unicode 17. Written out rather than by property: what a name may have must not depend on the Node release.
 */
const REFUSED = [
  '\\u0000-\\u001f\\u007f-\\u00a0\\u00ad\\u034f\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890-\\u0891\\u08e2',
  '\\u115f-\\u1160\\u1680\\u17b4-\\u17b5\\u180b-\\u180f\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u2800\\u3000\\u3164',
  '\\ud800-\\udfff\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\u{110bd}\\u{110cd}\\u{13430}-\\u{1343f}',
  '\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}',
].join('');

/** The characters of a name: `Name` in docs/openapi.yaml has the same pattern. */
export const ACCOUNT_NAME_CHARACTERS = new RegExp(`^[^${REFUSED}*]+$`, 'u');

/** A whole name: 1 to 190 of these characters, no space at either end. */
export const ACCOUNT_NAME = new RegExp(`^(?! )[^${REFUSED}*]{1,190}(?<! )$`, 'u');
