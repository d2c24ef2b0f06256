/**
 * What nobody sees on a screen or in an editor and what still counts: controls, every separator but the space, what is
 * ignored by default (Unicode's Default_Ignorable_Code_Point: marks of order, joiners, fillers), the blank of Braille,
 * surrogates without their half, and what stands for a byte that was no UTF-8.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}\u2800\ufffd]|(?! )\p{Zs}/u;

/** The first invisible character of a text, as a sentence can name it: `U+200B at its end`; undefined without one. */
export function invisibleCharacter(text: string): string | undefined {
  const found = INVISIBLE.exec(text);
  if (found === null) return undefined;
  const [character] = found;
  const code = (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
  return `U+${code} ${placeOf(found.index, character.length, text.length)}`;
}

function placeOf(index: number, length: number, whole: number): string {
  if (index === 0) return 'at its beginning';
  return index + length === whole ? 'at its end' : 'inside';
}
