import fc from 'fast-check';

/** With what a request says who it is from. */
export interface Credentials {
  /** Who it is, for whoever reads a report. */
  readonly name: string;
  /** Values of `Authorization`, each in a header of its own. */
  readonly authorization: readonly string[];
  /** What he may do; nobody may do anything but what is open to all. */
  readonly actions: ReadonlySet<string>;
}

/** A request as it is written to a connection. */
export class FuzzRequest {
  constructor(
    readonly method: string,
    /** The request target, as it is. */
    readonly target: string,
    readonly credentials: Credentials,
    /** Headers besides `Host`, `Authorization` and those that say how long the body is. */
    readonly headers: readonly (readonly [string, string])[],
    readonly body: Uint8Array | undefined,
    readonly chunked = false,
  ) {}

  /** The same request from somebody else. */
  from(credentials: Credentials): FuzzRequest {
    return new FuzzRequest(this.method, this.target, credentials, this.headers, this.body, this.chunked);
  }

  /** The path without the query. */
  get path(): string {
    return this.target.split('?', 1)[0] as string;
  }

  get bytes(): Buffer {
    const lines = [`${this.method} ${this.target} HTTP/1.1`, 'Host: localhost'];
    for (const value of this.credentials.authorization) lines.push(`Authorization: ${value}`);
    for (const [name, value] of this.headers) lines.push(`${name}: ${value}`);
    const body = Buffer.from(this.body ?? []);
    if (this.body === undefined) return Buffer.from([...lines, '', ''].join('\r\n'), 'latin1');
    lines.push(this.chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`, '', '');
    return Buffer.concat([
      Buffer.from(lines.join('\r\n'), 'latin1'),
      ...(this.chunked ? chunksOf(body) : [body]),
    ]);
  }

  /** Whether it may be refused as something that is no HTTP: nothing else may be. */
  get mayBreakHttp(): boolean {
    const head = this.headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
    return (
      head + this.target.length + this.credentials.authorization.join('').length > 15_000 ||
      /[^\x21-\x7e]/.test(this.target) ||
      this.credentials.authorization.some((value) => NO_HEADER_VALUE.test(value)) ||
      this.headers.some(([name, value]) => !TOKEN.test(name) || NO_HEADER_VALUE.test(value))
    );
  }

  /** What is shown of it in a report: who sends it, and its bytes as a literal of JavaScript. */
  [fc.toStringMethod](): string {
    const text = JSON.stringify(this.bytes.toString('latin1'));
    const cut = text.length > 4_000 ? `${text.slice(0, 4_000)}… (${text.length} characters)` : text;
    return `from ${this.credentials.name}: ${cut}`;
  }
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const NO_HEADER_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** The body in two chunks, so that a reader has something to join. */
function chunksOf(body: Buffer): Buffer[] {
  const half = Math.ceil(body.length / 2);
  const parts = [body.subarray(0, half), body.subarray(half)].filter((part) => part.length > 0);
  return [
    ...parts.flatMap((part) => [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]),
    Buffer.from('0\r\n\r\n'),
  ];
}
