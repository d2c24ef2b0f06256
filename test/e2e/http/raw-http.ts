import { request } from 'node:http';
import { connect } from 'node:net';
import { validateExchange } from '../../support/openapi.js';

/** What came back over a connection, as the bytes of one answer after the other. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into it as they please
  readonly body: any;
}

/** A request whose target and headers arrive as they are written here: `fetch` would tidy them up. */
export interface Message {
  readonly method?: string;
  /** The request target. */
  readonly path: string;
  /** A list has a header of the same name twice. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Uint8Array;
  /** The address of this machine that the request comes from. */
  readonly from?: string;
  /** Whether the exchange is held against docs/openapi.yaml: it is unless this says no. */
  readonly documented?: boolean;
}

/** Sends a request and holds the exchange against docs/openapi.yaml. */
export async function send(
  url: string,
  { method = 'GET', path, headers = {}, body, from = '127.0.0.1', documented = true }: Message,
): Promise<RawAnswer> {
  const answer = await new Promise<RawAnswer>((resolve, reject) => {
    const { hostname, port } = new URL(url);
    // By itself Node gives a body of GET or DELETE no length.
    const chunked = Object.keys(headers).some((name) => name.toLowerCase() === 'transfer-encoding');
    const length = body === undefined || chunked ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const options = {
      ...{ hostname, port, method, path, agent: false as const, localAddress: from },
      headers: { ...length, ...headers },
    };
    const outgoing = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers as Record<string, string>,
          text,
          body: parsed(text),
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
  if (documented) {
    const violations = validateExchange({
      method,
      path,
      status: answer.status,
      headers: answer.headers,
      ...(answer.text === '' ? {} : { body: answer.text }),
      ...(body === undefined ? {} : { requestBody: body }),
    });
    if (violations.length > 0) throw new Error(`${violations.join('; ')}\n${answer.text}`);
  }
  return answer;
}

/**
 * Writes bytes to a connection of its own and reads until the service closes it.
 * @param parts - written one after the other, with a pause between them
 * @returns every answer that came, in order
 */
export async function converse(url: string, ...parts: string[]): Promise<RawAnswer[]> {
  const { hostname, port } = new URL(url);
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    socket.on('data', (chunk) => chunks.push(chunk));
    // What is still being written when the service hangs up is of no interest.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.setTimeout(9_000, () => socket.destroy(new Error('the service does not close the connection')));
    void (async () => {
      for (const part of parts) {
        socket.write(Buffer.from(part, 'latin1'));
        await new Promise((next) => setTimeout(next, 20));
      }
    })().catch(reject);
  });
  return answersIn(Buffer.concat(chunks));
}

/** The head of a request with these lines after `Host`; the service is asked to close the connection. */
export function head(requestLine: string, ...lines: string[]): string {
  return [requestLine, 'Host: localhost', 'Connection: close', ...lines, '', ''].join('\r\n');
}

function answersIn(bytes: Buffer): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let rest = bytes; rest.length > 0;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) throw new Error(`this is no HTTP answer: ${rest.toString('latin1')}`);
    const [statusLine = '', ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
    );
    const length = Number(headers['content-length'] ?? 0);
    const text = rest.subarray(end + 4, end + 4 + length).toString();
    answers.push({ status: Number(statusLine.split(' ')[1]), headers, text, body: parsed(text) });
    rest = rest.subarray(end + 4 + length);
  }
  return answers;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
