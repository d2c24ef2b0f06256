import { connect, type Socket } from 'node:net';

/** An answer as it came, byte for byte. */
export interface WireAnswer {
  readonly status: number;
  /** By lower-case name; what came twice is joined by a comma, as HTTP allows. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** The service did something with a connection that no service may do. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/** An answer that takes longer never comes; generous, as only hanging is looked for. Milliseconds. */
const HANG_MS = 15_000;

/** One connection to the service. It reads answers strictly: a byte that belongs to none is a fault. */
export class Wire {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #closed = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake();
    });
    // What is still being written when the service hangs up is of no interest; what it said before is.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  static async open(url: string): Promise<Wire> {
    const { hostname, port } = new URL(url);
    const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    socket.on('end', () => socket.end());
    return new Wire(socket);
  }

  /** Whether the service let go of the connection. */
  get closed(): boolean {
    return this.#closed || this.#socket.readableEnded;
  }

  /** Bytes that came and that nobody asked for. */
  leftover(): string {
    return this.#received.toString('latin1');
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Says that nothing more will be sent. */
  finish(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /**
   * The next final answer; interim ones (1xx) before it are passed over.
   * @param toHead - whether the request was a HEAD, whose answer has no body
   * @param quietMs - after so long without a byte, milliseconds, this side says that it is done
   * @returns undefined when the connection was closed instead
   * @throws WireError when nothing comes at all, or what comes is no HTTP
   */
  async answer(toHead: boolean, quietMs?: number): Promise<WireAnswer | undefined> {
    const deadline = performance.now() + HANG_MS;
    for (let quiet = quietMs; ;) {
      const answer = this.#take(toHead);
      if (answer !== undefined) {
        if (answer.status >= 200) return answer;
        continue;
      }
      if (this.closed) {
        if (this.#received.length > 0) throw new WireError(`the answer ends early: ${this.leftover()}`);
        return undefined;
      }
      const left = deadline - performance.now();
      if (left <= 0) throw new WireError(`no answer within ${HANG_MS / 1000} s`);
      if (!(await this.#more(Math.min(left, quiet ?? left))) && quiet !== undefined) {
        quiet = undefined;
        this.finish();
      }
    }
  }

  /** @returns whether anything happened before the time was over */
  async #more(milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  #take(toHead: boolean): WireAnswer | undefined {
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const [statusLine = '', ...lines] = this.#received.subarray(0, end).toString('latin1').split('\r\n');
    const status = /^HTTP\/1\.1 ([1-5]\d\d) [\x20-\x7e]+$/.exec(statusLine)?.[1];
    if (status === undefined) throw new WireError(`this is no status line: ${statusLine}`);
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const [, name = '', value = ''] = /^([A-Za-z0-9-]+): ([\x20-\x7e]*)$/.exec(line) ?? [];
      if (name === '') throw new WireError(`this is no header: ${line}`);
      const key = name.toLowerCase();
      headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
    }
    if (headers['transfer-encoding'] !== undefined) throw new WireError('the answer is chunked');
    // A refusal of the connection stands for no request: it has a body regardless of the first bytes.
    const bodiless =
      (toHead && headers['x-request-id'] !== undefined) ||
      Number(status) < 200 ||
      status === '204' ||
      status === '304';
    const length = bodiless ? 0 : Number(headers['content-length'] ?? NaN);
    if (!Number.isInteger(length)) throw new WireError('the answer does not say how long it is');
    if (this.#received.length < end + 4 + length) return undefined;
    const text = this.#received.subarray(end + 4, end + 4 + length).toString('utf8');
    this.#received = this.#received.subarray(end + 4 + length);
    return { status: Number(status), headers, text };
  }
}
