/** Three non-empty parts of base64url's alphabet with dots between them (RFC 7515, section 7.1). */
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

const BYTE_ORDER_MARK = '\ufeff';
/** What editors, shells and mails put around a text. */
const PAIRS = ['""', "''", '``', '“”', '‘’', '„“', '«»', '<>', '()', '[]'];

/** Whether a text has the shape of a compact JWS. Nothing is decoded. */
export function isCompactShape(text: string): boolean {
  return COMPACT.test(text);
}

/**
 * The token in a file or a setting: without a byte order mark at the start and without space, tab, CR and LF at both
 * ends. Uploads and the issuer's answers are taken as they are.
 */
export function withoutSurroundings(text: string): string {
  // By hand: a regular expression that is bound to the end looks at each run of white space once per character.
  let start = text.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
  let end = text.length;
  while (start < end && isWhiteSpace(text[start])) start += 1;
  while (end > start && isWhiteSpace(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

/**
 * One sentence on what a text is instead of a token, for the operator who has to mend it. It quotes nothing of the
 * text but the code point of one character that no token has.
 *
 * @param text has not the shape of a compact JWS, and at most some 16 KiB: it is looked at several times
 */
export function describeMalformedToken(text: string): string {
  const inner = withoutSurroundings(text);
  for (const describe of DESCRIPTIONS) {
    const sentence = describe(text, inner);
    if (sentence !== undefined) return sentence;
  }
  return 'The token is not three base64url parts with dots between them.';
}

/** @returns a sentence where this is what the text is; `inner` is the text without its surroundings */
type Description = (text: string, inner: string) => string | undefined;

/** The first that has a sentence is the most telling one. */
const DESCRIPTIONS: readonly Description[] = [
  (_, inner) => (inner === '' ? 'The token is empty.' : undefined),
  (text) =>
    /^(?:\ufffd\ufffd)?(?:[^\0]\0[^\0]\0|\0[^\0]\0[^\0])/.test(text)
      ? 'The token is encoded as UTF-16: save it as UTF-8 or ASCII.'
      : undefined,
  describeSurroundings,
  (_, inner) => (/^bearer\s/i.test(inner) ? 'The token has "Bearer " before it.' : undefined),
  (_, inner) =>
    inner.includes('-----BEGIN ')
      ? 'The text is PEM ("-----BEGIN"), as keys and certificates are: the token alone is needed.'
      : undefined,
  describeJson,
  (_, inner) =>
    /^<(?:[!?]|[a-z][a-z0-9]*[\s>])/i.test(inner)
      ? 'The text is HTML or XML: the token alone is needed.'
      : undefined,
  (_, inner) =>
    PAIRS.some((pair) => inner.startsWith(pair.charAt(0)) && inner.endsWith(pair.charAt(1)))
      ? 'The token is in quotes or brackets.'
      : undefined,
  (_, inner) =>
    inner.startsWith('licsa_')
      ? 'The token is one of a service account, which callers sign in with, and no license.'
      : undefined,
  (_, inner) =>
    /^(?:\/|\.{1,2}\/|~\/|[a-z]:\\|file:|https?:)/i.test(inner)
      ? 'The text is the path of a file or an address: the token itself is needed.'
      : undefined,
  (_, inner) => {
    const [name] = /^(?:export )?[A-Za-z_][\w-]*\s*[=:]\s*/.exec(inner) ?? [''];
    const value = inner.slice(name.length);
    return name !== '' && (isCompactShape(value) || /^["'`]/.test(value))
      ? 'The token has a name and "=" or ":" before it.'
      : undefined;
  },
  describeSeveral,
  (_, inner) =>
    /[\r\n]/.test(inner) && isCompactShape(inner.replace(/[ \t\r\n]/g, ''))
      ? 'The token is wrapped over several lines: join them, with nothing between.'
      : undefined,
  (_, inner) =>
    isCompactShape(inner.replace(/\\[rnt]/g, ''))
      ? String.raw`The token has "\n" in it, a backslash and a letter that stand for a line end.`
      : undefined,
  (_, inner) => {
    const invisible = /[\s\p{Cc}\p{Cf}\p{Z}]/u.exec(inner)?.[0];
    return invisible !== undefined && isCompactShape(inner.replace(/[\s\p{Cc}\p{Cf}\p{Z}]/gu, ''))
      ? `The token has white space or an invisible character in it (${codePoint(invisible)}).`
      : undefined;
  },
  (_, inner) =>
    isCompactShape(inner.replaceAll('=', ''))
      ? 'The token has padding ("="): base64url has none here.'
      : undefined,
  (_, inner) =>
    isCompactShape(inner.replace(/[+/=]/g, '_'))
      ? 'The token is in base64 ("+", "/"): it must be base64url ("-", "_").'
      : undefined,
  (_, inner) =>
    isCompactShape(inner.replace(/%[0-9a-f]{2}/gi, '')) ? 'The token is percent-encoded.' : undefined,
  (_, inner) => (isBase64OfToken(inner) ? 'The token is encoded as base64 once more.' : undefined),
  (_, inner) =>
    /(?:\.\.\.|…)$/.test(inner) ? 'The token was cut: it has an ellipsis at its end.' : undefined,
  (_, inner) => (tokensIn(inner) === 1 ? 'The token has other text around it.' : undefined),
  describeParts,
  describeCharacter,
];

function describeSurroundings(text: string, inner: string): string | undefined {
  if (!isCompactShape(inner)) return undefined;
  if (text.startsWith(BYTE_ORDER_MARK)) return 'The token has a byte order mark (U+FEFF) before it.';
  const place = text.startsWith(inner) ? 'behind' : text.endsWith(inner) ? 'before' : 'around';
  const character = place === 'behind' ? text.charAt(inner.length) : text.charAt(0);
  return `The token has white space ${place} it (${codePoint(character)}).`;
}

/** An object, or a part of one, that a token was copied out of. */
function describeJson(_: string, inner: string): string | undefined {
  if (/^\[?\s*\{/.test(inner)) {
    return /"payload"\s*:/.test(inner) && /"signatures?"\s*:/.test(inner)
      ? 'The token is in the JSON serialization of JWS: the compact one is needed.'
      : 'The token has JSON around it: the text of its member alone is needed.';
  }
  return /^"[^"]{0,100}"\s*:/.test(inner)
    ? 'The token has a part of JSON around it: the text of its member alone is needed.'
    : undefined;
}

function describeSeveral(_: string, inner: string): string | undefined {
  const tokens = tokensIn(inner);
  return tokens > 1 ? `The text has ${tokens} tokens: one is needed.` : undefined;
}

/** How many pieces of a text have the shape of a token whose header is an object: its base64url begins so. */
function tokensIn(text: string): number {
  const pieces = text.split(/[^A-Za-z0-9_.-]+/);
  return pieces.filter((piece) => piece.startsWith('ey') && isCompactShape(piece)).length;
}

function describeParts(_: string, inner: string): string | undefined {
  if (!/^[A-Za-z0-9_.-]+$/.test(inner)) return undefined;
  const parts = inner.split('.');
  const empty = ['header', 'payload', 'signature'].find((__, index) => parts[index] === '');
  if (parts.length === 3) return `The ${empty} of the token is empty.`;
  return parts.length === 5
    ? 'The token has five parts, as an encrypted one: a license has three.'
    : `The token has ${parts.length === 1 ? 'one part' : `${parts.length} parts`}: three are needed, with dots between them.`;
}

function describeCharacter(_: string, inner: string): string | undefined {
  const foreign = /[^A-Za-z0-9_.-]/u.exec(inner);
  if (foreign === null) return undefined;
  const where = `${codePoint(foreign[0])}, character ${foreign.index + 1}`;
  return `The token is not three base64url parts with dots between them: no token has this character (${where}).`;
}

/** Of base64 and base64url, wrapped or not, padded or not. */
function isBase64OfToken(text: string): boolean {
  const joined = text.replace(/[ \t\r\n]/g, '');
  return (
    /^[A-Za-z0-9+/_-]+={0,2}$/.test(joined) &&
    isCompactShape(withoutSurroundings(Buffer.from(joined, 'base64').toString('latin1')))
  );
}

function isWhiteSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\t' || character === '\r' || character === '\n';
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
