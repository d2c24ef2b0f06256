import { readJwsHeader } from '../../../src/domain/token/compact-jws.js';
import { withoutSurroundings } from '../../../src/domain/token/malformed-token.js';
import { sign } from '../../support/tokens.js';

const token = sign();
const [header = '', payload = '', signature = ''] = token.split('.');
const base64 = (text: string) => Buffer.from(text).toString('base64');
const wrapped = (text: string, end = '\n') => text.replace(/.{64}/g, (line) => line + end);

function refusal(text: string): string {
  try {
    readJwsHeader(text, [null, 'JWT', 'license+jwt']);
  } catch (error) {
    return (error as Error).message;
  }
  return 'taken';
}

describe('A text that is no token', () => {
  it.each<[string, string]>([
    ['', 'The token is empty.'],
    ['\r\n \n', 'The token is empty.'],
    ['\ufeff', 'The token is empty.'],
    [
      Buffer.from(token, 'utf16le').toString('utf8'),
      'The token is encoded as UTF-16: save it as UTF-8 or ASCII.',
    ],
    [
      Buffer.from(`\ufeff${token}\r\n`, 'utf16le').toString('utf8'),
      'The token is encoded as UTF-16: save it as UTF-8 or ASCII.',
    ],
    [
      Buffer.from(`\ufeff${token}`, 'utf16le').swap16().toString('utf8'),
      'The token is encoded as UTF-16: save it as UTF-8 or ASCII.',
    ],
    [`\ufeff${token}`, 'The token has a byte order mark (U+FEFF) before it.'],
    [`${token}\n`, 'The token has white space behind it (U+000A).'],
    [`${token}\r\n`, 'The token has white space behind it (U+000D).'],
    [`\t${token}`, 'The token has white space before it (U+0009).'],
    [` ${token} `, 'The token has white space around it (U+0020).'],
    [`Bearer ${token}`, 'The token has "Bearer " before it.'],
    [`bearer\t${token}\n`, 'The token has "Bearer " before it.'],
    [`"${token}"`, 'The token is in quotes or brackets.'],
    [`'${token}'\n`, 'The token is in quotes or brackets.'],
    [`“${token}”`, 'The token is in quotes or brackets.'],
    [`"${wrapped(token)}"`, 'The token is in quotes or brackets.'],
    [`["${token}"]`, 'The token is in quotes or brackets.'],
    [`<${token}>`, 'The token is in quotes or brackets.'],
    [`\`\`\`\n${token}\n\`\`\``, 'The token is in quotes or brackets.'],
    [JSON.stringify({ token }), 'The token has JSON around it: the text of its member alone is needed.'],
    [
      JSON.stringify([{ token }], null, 2),
      'The token has JSON around it: the text of its member alone is needed.',
    ],
    [
      `"token": "${token}",`,
      'The token has a part of JSON around it: the text of its member alone is needed.',
    ],
    [
      JSON.stringify({ protected: header, payload, signature }),
      'The token is in the JSON serialization of JWS: the compact one is needed.',
    ],
    [
      `-----BEGIN LICENSE-----\n${wrapped(token)}\n-----END LICENSE-----\n`,
      'The text is PEM ("-----BEGIN"), as keys and certificates are: the token alone is needed.',
    ],
    ['<!doctype html><p>Sign in</p>', 'The text is HTML or XML: the token alone is needed.'],
    ['<html>\n</html>', 'The text is HTML or XML: the token alone is needed.'],
    [
      'licsa_0123456789abcdef0123456789abcdef_01234567',
      'The token is one of a service account, which callers sign in with, and no license.',
    ],
    [
      '/etc/licentia/license.jwt',
      'The text is the path of a file or an address: the token itself is needed.',
    ],
    ['./license.jwt', 'The text is the path of a file or an address: the token itself is needed.'],
    ['C:\\license.jwt', 'The text is the path of a file or an address: the token itself is needed.'],
    [
      'https://example.com/license',
      'The text is the path of a file or an address: the token itself is needed.',
    ],
    [`LICENSE_TEXT=${token}`, 'The token has a name and "=" or ":" before it.'],
    [`export LICENSE_TEXT="${token}"`, 'The token has a name and "=" or ":" before it.'],
    [`token: ${token}\n`, 'The token has a name and "=" or ":" before it.'],
    [`${token}\n${token}\n`, 'The text has 2 tokens: one is needed.'],
    [`${token},${token},${token}`, 'The text has 3 tokens: one is needed.'],
    [`My license: ${token}, valid for a year`, 'The token has other text around it.'],
    [`${token}\n# license of 2026`, 'The token has other text around it.'],
    [wrapped(token), 'The token is wrapped over several lines: join them, with nothing between.'],
    [wrapped(token, '\r\n  '), 'The token is wrapped over several lines: join them, with nothing between.'],
    [
      wrapped(token, '\\n'),
      String.raw`The token has "\n" in it, a backslash and a letter that stand for a line end.`,
    ],
    [
      `${token}\\n`,
      String.raw`The token has "\n" in it, a backslash and a letter that stand for a line end.`,
    ],
    [
      `${header} .${payload}.${signature}`,
      'The token has white space or an invisible character in it (U+0020).',
    ],
    [`\u200b${token}`, 'The token has white space or an invisible character in it (U+200B).'],
    [`${token}\u00a0`, 'The token has white space or an invisible character in it (U+00A0).'],
    [`${token}\0`, 'The token has white space or an invisible character in it (U+0000).'],
    [`${header}==.${payload}=.${signature}`, 'The token has padding ("="): base64url has none here.'],
    [
      `${header}.a+b/${payload}.${signature}`,
      'The token is in base64 ("+", "/"): it must be base64url ("-", "_").',
    ],
    [`${token}%0A`, 'The token is percent-encoded.'],
    [base64(token), 'The token is encoded as base64 once more.'],
    [wrapped(base64(`${token}\n`)), 'The token is encoded as base64 once more.'],
    [Buffer.from(token).toString('base64url'), 'The token is encoded as base64 once more.'],
    [`${token.slice(0, 40)}...`, 'The token was cut: it has an ellipsis at its end.'],
    [`${token.slice(0, 80)}…`, 'The token was cut: it has an ellipsis at its end.'],
    [header, 'The token has one part: three are needed, with dots between them.'],
    [`${header}.${payload}`, 'The token has 2 parts: three are needed, with dots between them.'],
    [`${token}.${signature}`, 'The token has 4 parts: three are needed, with dots between them.'],
    [`${token}.x.y`, 'The token has five parts, as an encrypted one: a license has three.'],
    [`.${payload}.${signature}`, 'The header of the token is empty.'],
    [`${header}..${signature}`, 'The payload of the token is empty.'],
    [`${header}.${payload}.`, 'The signature of the token is empty.'],
    [
      `${header}．${payload}.${signature}`,
      `The token is not three base64url parts with dots between them: no token has this character (U+FF0E, character ${header.length + 1}).`,
    ],
    [
      'Hello!',
      'The token is not three base64url parts with dots between them: no token has this character (U+0021, character 6).',
    ],
  ])('is told what it is: %j', (text, sentence) => {
    expect(refusal(text)).toBe(sentence);
    for (const part of [header, payload, signature]) expect(sentence).not.toContain(part.slice(0, 8));
  });
});

describe('What is around a token in a file or a setting', () => {
  it.each([
    ['a.b.c', 'a.b.c'],
    ['a.b.c\n', 'a.b.c'],
    ['\ufeffa.b.c\r\n\r\n', 'a.b.c'],
    ['\ufeff \t\r\na.b.c \t\r\n', 'a.b.c'],
    ['a.b.c\r', 'a.b.c'],
    ['a.b\n.c', 'a.b\n.c'],
    ['\ufeff\ufeffa.b.c', '\ufeffa.b.c'],
    [' \ufeffa.b.c', '\ufeffa.b.c'],
    ['a.b.c\ufeff', 'a.b.c\ufeff'],
    ['\u00a0a.b.c\v', '\u00a0a.b.c\v'],
    ['a.b.c\0', 'a.b.c\0'],
    ['"a.b.c"', '"a.b.c"'],
    [' \n', ''],
    ['', ''],
  ])('of %j leaves %j: a byte order mark at the start, and space, tab, CR and LF', (text, token_) => {
    expect(withoutSurroundings(text)).toBe(token_);
  });
});
