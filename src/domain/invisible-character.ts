/**
 * Characters that a reader does not see, or cannot tell from others, and that still count, as of Unicode 17:
 * controls, format characters, every separator but U+0020, what is ignored by default
 * (Default_Ignorable_Code_Point), blanks that are letters or signs (of Braille, of Khitan, the null notehead),
 * stand-ins for something else (U+FFFC, U+FFFD), private use, noncharacters and lone surrogates.
 *
 * Written out rather than by property: what a text may have must not depend on the Node release. So a character
 * that is not assigned yet is allowed: releases differ about those, and a screen shows a box in its place.
 */
export const INVISIBLE_CHARACTERS = [
  '\\u0000-\\u001f\\u007f-\\u00a0\\u00ad\\u034f\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890-\\u0891\\u08e2',
  '\\u115f-\\u1160\\u1680\\u17b4-\\u17b5\\u180b-\\u180f\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u2800\\u3000\\u3164',
  '\\ud800-\\uf8ff\\ufdd0-\\ufdef\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\uffff\\u{110bd}\\u{110cd}\\u{13430}-\\u{1343f}',
  '\\u{16fe4}\\u{1bca0}-\\u{1bca3}\\u{1d159}\\u{1d173}-\\u{1d17a}',
  ...Array.from(
    { length: 13 },
    (_, index) => `\\u{${(index + 1).toString(16)}fffe}-\\u{${(index + 1).toString(16)}ffff}`,
  ),
  '\\u{e0000}-\\u{e0fff}\\u{efffe}-\\u{10ffff}',
].join('');

const INVISIBLE = new RegExp(`[${INVISIBLE_CHARACTERS}]`, 'u');
const ALL_INVISIBLE = new RegExp(INVISIBLE, 'gu');

/** Replaces each invisible character by a question mark, so none can move the cursor or hide other text. */
export function withoutInvisible(text: string): string {
  return text.replace(ALL_INVISIBLE, '?');
}

/** The first invisible character of a text, as a sentence can name it: `U+200B at its end`; undefined without one. */
export function invisibleCharacter(text: string): string | undefined {
  const found = INVISIBLE.exec(text);
  if (found === null) return undefined;
  const [character] = found;
  const code = (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
  return `U+${code} ${positionOf(found.index, character.length, text.length)}`;
}

function positionOf(index: number, length: number, whole: number): string {
  if (index === 0) return 'at its beginning';
  return index + length === whole ? 'at its end' : 'inside';
}
