import { invisibleCharacter } from './invisible-character.js';

/** Of a reason by the issuer only such text is repeated, to a caller or in the log. */
const SHOWABLE = /^[\p{L}\p{N} .,:;'()/_-]{1,200}$/u;
/** So many letters and digits in a row that stand in the token are a piece of it. Shorter ones are in any text. */
const PIECE = 4;
/** A sentence and a token of 1,500 characters have hardly ever more pieces in common by chance. */
const MAX_PIECES = 3;

/**
 * The reason that an issuer gave, where it can be shown: the issuer was sent the token, which a reader of the log may
 * not see, in whole or in parts between other text.
 *
 * @param token - that the issuer was sent
 * @returns undefined for what cannot be shown
 */
export function showableReason(reason: string, token: string): string | undefined {
  if (!SHOWABLE.test(reason) || invisibleCharacter(reason) !== undefined) return undefined;
  const said = condensed(reason);
  const secret = condensed(token);
  let pieces = 0;
  for (let at = 0; at + PIECE <= said.length; at += 1)
    if (secret.includes(said.slice(at, at + PIECE))) pieces += 1;
  return pieces > MAX_PIECES ? undefined : reason;
}

/** What is left of a text without its separators, its case, and other forms of the same letters. */
function condensed(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
}
