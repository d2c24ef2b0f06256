import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type CertificateTerms, selfSigned } from './certificates.js';

/** What a proxy does with the path that it serves a service below. */
export type PathRule = 'kept' | 'stripped';

/** A reverse proxy that ends TLS and serves a service below a path: nothing else is there. */
export class ReverseProxy {
  readonly #server;
  #target = '';

  private constructor(
    private readonly path: string,
    private readonly rule: PathRule,
    terms: CertificateTerms,
  ) {
    this.#server = createServer({ ...selfSigned(terms) }, (incoming, outgoing) =>
      this.#forward(incoming, outgoing),
    );
  }

  /** @param path - with a slash before and none behind it */
  static async start(path: string, rule: PathRule, terms: CertificateTerms = {}): Promise<ReverseProxy> {
    const proxy = new ReverseProxy(path, rule, terms);
    await new Promise<void>((listening) => proxy.#server.listen(0, '127.0.0.1', listening));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Where requests go from now on. */
  leadTo(url: string): void {
    this.#target = new URL(url).origin;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  #forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { url = '', method, headers } = incoming;
    if (!url.startsWith(`${this.path}/`)) return void outgoing.writeHead(404).end();
    const path = this.rule === 'kept' ? url : url.slice(this.path.length);
    const forwarded = request(`${this.#target}${path}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.writeHead(502).end());
    incoming.pipe(forwarded);
  }
}
