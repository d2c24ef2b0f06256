/** A JSON value as {@link parseStrictJson} returns it. Its objects have no prototype. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;

/** A JSON object. Every member is an own one, `__proto__` and `constructor` too. */
export type JsonObject = { [member: string]: JsonValue };

/** Why a text is refused. */
export type StrictJsonReason = 'utf8' | 'bom' | 'syntax' | 'duplicate-member' | 'depth' | 'number';

/** How deep arrays and objects may nest unless the caller says otherwise; the outermost one counts as 1. */
export const DEFAULT_MAX_DEPTH = 32;

export interface StrictJsonOptions {
  /** How deep arrays and objects may nest, 32 unless given; the outermost one counts as 1. */
  maxDepth?: number;
}

const MESSAGES: Record<StrictJsonReason, string> = {
  utf8: 'it is not UTF-8',
  bom: 'it begins with a byte order mark',
  syntax: 'it is not JSON',
  'duplicate-member': 'it has a duplicate member',
  depth: 'it is nested too deeply',
  number: 'it has a number that is too large',
};

/** A text is not strict JSON. The message finishes a sentence and quotes nothing of the text. */
export class StrictJsonError extends Error {
  override readonly name = 'StrictJsonError';

  constructor(readonly reason: StrictJsonReason) {
    super(MESSAGES[reason]);
  }
}

/** Whether the value is an object: neither null nor an array. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Parses UTF-8 bytes as JSON (RFC 8259), without what two readers could understand differently: a byte order
 * mark, duplicate members (compared after unescaping), numbers that are no finite double, and nesting beyond
 * `maxDepth`. Needs no call stack of its own, so no input can overflow it.
 *
 * Lone surrogates that are written as escapes are JSON; a caller that stores a string must check for them.
 *
 * @throws {StrictJsonError} with the first fault in reading order.
 */
export function parseStrictJson(bytes: Uint8Array, options: StrictJsonOptions = {}): JsonValue {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) throw new StrictJsonError('bom');
  return new Parser(decodeUtf8(bytes), options.maxDepth ?? DEFAULT_MAX_DEPTH).parse();
}

/**
 * One text for each value, independent of the order of its members and the form of its numbers and escapes: members
 * are sorted by UTF-16 code unit, at every level, as in RFC 8785.
 *
 * @throws {StrictJsonError} `depth` beyond `maxDepth`, `number` when one is not finite.
 */
export function canonicalJson(value: JsonValue, options: StrictJsonOptions = {}): string {
  return writeCanonical(value, options.maxDepth ?? DEFAULT_MAX_DEPTH);
}

function writeCanonical(value: JsonValue, depthLeft: number): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new StrictJsonError('number');
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (depthLeft < 1) throw new StrictJsonError('depth');
  if (Array.isArray(value)) return `[${value.map((item) => writeCanonical(item, depthLeft - 1)).join(',')}]`;
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${writeCanonical(member, depthLeft - 1)}`);
  return `{${members.join(',')}}`;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new StrictJsonError('utf8');
  }
}

/** An array or object whose end has not been read yet. */
type Frame = { array: JsonValue[] } | { object: JsonObject; name: string };

const LITERALS: ReadonlyMap<string, [string, JsonValue]> = new Map([
  ['t', ['true', true]],
  ['f', ['false', false]],
  ['n', ['null', null]],
]);

class Parser {
  private position = 0;
  private readonly open: Frame[] = [];

  constructor(
    private readonly text: string,
    private readonly maxDepth: number,
  ) {}

  parse(): JsonValue {
    for (;;) {
      let value = this.readValueOrOpen();
      // A value is complete: it may complete the array or object around it, and so on outwards.
      while (value !== undefined) {
        const frame = this.open.at(-1);
        if (frame === undefined) return this.finish(value);
        value = this.add(frame, value);
      }
    }
  }

  /** Reads a whole value; `undefined` when it opened an array or object that has content. */
  private readValueOrOpen(): JsonValue | undefined {
    const first = this.peek();
    if (first === '[' || first === '{') return this.openContainer(first);
    if (first === '"') return this.readString();
    const literal = LITERALS.get(first);
    if (literal === undefined) return this.readNumber();
    if (!this.text.startsWith(literal[0], this.position)) throw new StrictJsonError('syntax');
    this.position += literal[0].length;
    return literal[1];
  }

  private openContainer(bracket: '[' | '{'): JsonValue | undefined {
    if (this.open.length >= this.maxDepth) throw new StrictJsonError('depth');
    this.position += 1;
    if (bracket === '[') {
      const array: JsonValue[] = [];
      if (this.take(']')) return array;
      this.open.push({ array });
      return undefined;
    }
    // Without a prototype `__proto__` is a member like any other, and nothing is found that was not sent.
    const object = Object.create(null) as JsonObject;
    if (this.take('}')) return object;
    this.open.push({ object, name: this.readName(object) });
    return undefined;
  }

  /** Puts the value where it belongs; the array or object itself when that was its last one. */
  private add(frame: Frame, value: JsonValue): JsonValue | undefined {
    if ('array' in frame) {
      frame.array.push(value);
      if (this.take(',')) return undefined;
      this.expect(']');
      this.open.pop();
      return frame.array;
    }
    frame.object[frame.name] = value;
    if (this.take(',')) {
      frame.name = this.readName(frame.object);
      return undefined;
    }
    this.expect('}');
    this.open.pop();
    return frame.object;
  }

  private readName(object: JsonObject): string {
    if (this.peek() !== '"') throw new StrictJsonError('syntax');
    const name = this.readString();
    if (Object.hasOwn(object, name)) throw new StrictJsonError('duplicate-member');
    this.expect(':');
    return name;
  }

  private readString(): string {
    const start = this.position;
    let escaped = false;
    for (let at = start + 1; at < this.text.length; at += 1) {
      const unit = this.text.charCodeAt(at);
      if (unit === 0x22) {
        this.position = at + 1;
        return escaped ? unescape(this.text.slice(start, at + 1)) : this.text.slice(start + 1, at);
      }
      if (unit < 0x20) break;
      if (unit === 0x5c) {
        escaped = true;
        at += 1;
      }
    }
    throw new StrictJsonError('syntax');
  }

  private readNumber(): number {
    const pattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
    pattern.lastIndex = this.position;
    const match = pattern.exec(this.text);
    if (match === null) throw new StrictJsonError('syntax');
    this.position = pattern.lastIndex;
    const value = Number(match[0]);
    if (!Number.isFinite(value)) throw new StrictJsonError('number');
    return value;
  }

  private finish(value: JsonValue): JsonValue {
    if (this.peek() !== '') throw new StrictJsonError('syntax');
    return value;
  }

  /** The next character that is no white space (RFC 8259, section 2), or "" at the end. */
  private peek(): string {
    for (; this.position < this.text.length; this.position += 1) {
      const character = this.text.charAt(this.position);
      if (character !== ' ' && character !== '\t' && character !== '\n' && character !== '\r')
        return character;
    }
    return '';
  }

  private take(character: string): boolean {
    if (this.peek() !== character) return false;
    this.position += 1;
    return true;
  }

  private expect(character: string): void {
    if (!this.take(character)) throw new StrictJsonError('syntax');
  }
}

/** The string that a JSON string literal stands for; the engine knows every escape. */
function unescape(literal: string): string {
  try {
    return JSON.parse(literal) as string;
  } catch {
    throw new StrictJsonError('syntax');
  }
}
