import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { isIPv6, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { ProxyAddress } from '../config/proxy-address.js';
import { assertAllowedLiteral, connectTo, ConnectTimeoutError, secure } from './guarded-connection.js';

/** How long a proxy may take to reach the issuer, milliseconds. */
const TUNNEL_TIMEOUT_MS = 5_000;

/** The proxy could not be reached, or did not let us through. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = `PROXY_${code}`;
  }
}

/**
 * A way through a proxy to a host (CONNECT: RFC 9110, section 9.3.6), for http as for https: the proxy learns
 * where we go and, over https, nothing else. It looks the name up; an address that no issuer has is refused
 * here all the same.
 *
 * @throws ForbiddenAddressError for the target; ProxyError for everything that is the proxy's
 */
export async function tunnelThrough(
  proxy: ProxyAddress,
  context: SecureContext | undefined,
  host: string,
  port: number,
): Promise<Socket> {
  assertAllowedLiteral(host);
  const socket = await reach(proxy, context);
  const target = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const call = request({
    createConnection: () => socket,
    method: 'CONNECT',
    path: target,
    headers: {
      Host: target,
      ...(proxy.authorization === undefined ? {} : { 'Proxy-Authorization': proxy.authorization }),
    },
  });
  try {
    await opened(call);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return socket;
}

async function reach(proxy: ProxyAddress, context: SecureContext | undefined): Promise<Socket> {
  const { host, port } = proxy;
  try {
    const socket = await connectTo(host, port);
    return proxy.secure ? await secure(socket, { host, context }) : socket;
  } catch (error) {
    const { code = 'UNREACHABLE', message } = error as Error & { code?: string };
    throw new ProxyError(code, message, error);
  }
}

/** Waits for the proxy's word that the tunnel is open. @throws ProxyError */
async function opened(call: ClientRequest): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const late = new ConnectTimeoutError('answer to CONNECT', TUNNEL_TIMEOUT_MS);
    const timer = setTimeout(() => call.destroy(late), TUNNEL_TIMEOUT_MS);
    call.once('error', (error: Error & { code?: string }) => {
      reject(new ProxyError(error.code ?? 'FAILED', error.message));
    });
    call.once('close', () => clearTimeout(timer));
    call.once('connect', ({ statusCode = 0 }: IncomingMessage, _socket, head: Buffer) => {
      clearTimeout(timer);
      // What the proxy says is never taken for the issuer's word: neither its refusal nor anything behind its consent.
      if (statusCode < 200 || statusCode > 299) {
        return reject(new ProxyError(`STATUS_${statusCode}`, `the proxy answered ${statusCode}`));
      }
      if (head.length > 0)
        return reject(new ProxyError('EARLY_DATA', 'the proxy said more than its consent'));
      resolve();
    });
    call.end();
  });
}
