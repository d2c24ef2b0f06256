/**
 * Whether a text has a character that no database column and no UTF-8 encoder takes: NUL, or half of a
 * surrogate pair. JSON can spell both with escapes.
 */
export function hasUnstorableText(text: string): boolean {
  return /[\0\p{Surrogate}]/u.test(text);
}
