import { Agent as HttpAgent, type ClientRequestArgs } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { IssuerConfig } from '../config/issuer-config.js';
import { connectTo, secure } from './guarded-connection.js';
import { tunnelThrough } from './proxy-tunnel.js';
import { TrustedCas } from './trusted-cas.js';

type Target = Pick<ClientRequestArgs, 'host' | 'port'>;
type Opened = (error: Error | null, socket: Duplex) => void;

class GuardedHttpAgent extends HttpAgent {
  constructor(private readonly open: (target: Target) => Promise<Socket>) {
    super({ keepAlive: false });
  }

  override createConnection(target: Target, opened: Opened): undefined {
    deliver(this.open(target), opened);
  }
}

class GuardedHttpsAgent extends HttpsAgent {
  constructor(private readonly open: (target: Target) => Promise<Socket>) {
    super({ keepAlive: false });
  }

  override createConnection(target: Target, opened: Opened): undefined {
    deliver(this.open(target), opened);
  }
}

/**
 * The agents for calls to an issuer: checked addresses and certificates, the proxy of the configuration and none of the
 * environment. A connection is handed over once it is open, so that each fault on the way has its own error.
 *
 * @param warn - is told when the file of trusted CAs cannot be read any more
 */
export function issuerAgents(
  { proxy, trustedCas }: Pick<IssuerConfig, 'proxy' | 'trustedCas'>,
  warn: (error: unknown) => void,
): { readonly httpAgent: HttpAgent; readonly httpsAgent: HttpsAgent } {
  const trusted = new TrustedCas(trustedCas, warn);
  const open = async (target: Target, usualPort: number) => {
    const host = hostOf(target);
    const port = Number(target.port ?? usualPort);
    return proxy === undefined
      ? connectTo(host, port)
      : tunnelThrough(proxy, proxy.secure ? await trusted.context() : undefined, host, port);
  };
  return {
    httpAgent: new GuardedHttpAgent((target) => open(target, 80)),
    httpsAgent: new GuardedHttpsAgent(async (target) => {
      // Before the connection, as the peer does not wait for a file of ours.
      const context = await trusted.context();
      return secure(await open(target, 443), { host: hostOf(target), context });
    }),
  };
}

function hostOf({ host }: Target): string {
  return (host ?? '').replace(/^\[|\]$/g, '');
}

function deliver(socket: Promise<Socket>, opened: Opened): undefined {
  socket.then(
    (connected) => opened(null, connected),
    (error: Error) => opened(error, undefined as never),
  );
}
