/**
 * The bytes of an unpadded base64url text (RFC 7515, section 2), or `undefined` unless it is the one text that
 * those bytes have: no padding, white space, other alphabet, or loose trailing bits (RFC 4648, section 3.5).
 * The usual decoders read on past all of these, so one signature would have many texts.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
