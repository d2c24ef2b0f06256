/**
 * What keeps a body of these headers from being read as JSON: a sentence for the caller; undefined when nothing does.
 *
 * A parameter without name and value (`application/json;`) says nothing (RFC 9110, section 5.6.6), and `utf8`
 * is what many clients call UTF-8. Other parameters are refused: JSON has none (RFC 8259, section 11), so
 * they ask for something that would not happen.
 */
export function contentTypeFault(type: string | undefined, encoding: string | undefined): string | undefined {
  if (type === undefined || type.trim() === '')
    return 'there is no Content-Type: it must be application/json';
  const [media = '', ...parameters] = type.split(';').map((part) => part.trim());
  if (media.toLowerCase() !== 'application/json') return 'Content-Type must be application/json';
  for (const parameter of parameters.filter((text) => text !== '')) {
    const [, charset] = /^charset\s*=\s*(.*)$/i.exec(parameter) ?? [];
    if (charset === undefined) return 'Content-Type must have no other parameter than charset=utf-8';
    if (!/^(?:utf-?8|"utf-?8")$/i.test(charset)) return 'the charset of Content-Type must be utf-8';
  }
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    return 'Content-Encoding is not supported: send the body as it is';
  return undefined;
}
