/** More than any token takes: the service refuses longer ones. Bytes of a file, and characters of a text. */
export const MAX_TOKEN_TEXT = 64 * 1024;

/** The token in what a reader dropped, chose or pasted: without a byte order mark, and white space at both ends. */
export function tokenIn(text: string): string {
  return text.replace(/^\ufeff/, '').trim();
}
