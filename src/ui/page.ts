import type { IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { ServiceError } from '../domain/service-error.js';
import type { RoutedResponse } from '../http/replay.js';
import { PAGE_FILES, type PageFile, type PageFiles } from './page-files.js';

/** A year, as nothing may be kept longer (RFC 9111). */
const IMMUTABLE = 'public, max-age=31536000, immutable';

/**
 * The page runs its own scripts and styles, calls this service, and nothing else. No text becomes a script: `fetch` and
 * the DOM get by without a policy of trusted types.
 */
const CONTENT_SECURITY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** All that the page may use of the machine is to write to the clipboard. */
const PERMISSIONS = [
  'accelerometer=()',
  'camera=()',
  'clipboard-read=()',
  'clipboard-write=(self)',
  'display-capture=()',
  'geolocation=()',
  'gyroscope=()',
  'magnetometer=()',
  'microphone=()',
  'midi=()',
  'payment=()',
  'publickey-credentials-get=()',
  'screen-wake-lock=()',
  'usb=()',
].join(', ');

const HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY,
  'Referrer-Policy': 'no-referrer',
  'Permissions-Policy': PERMISSIONS,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

const NOT_BUILT =
  'The page is not part of this build: "npm run build" makes it. The API works without it: see docs/openapi.yaml.\n';

/** Serves the built page below `/ui/`, and leads browsers there from `/`. */
@Injectable()
export class Page {
  constructor(@Inject(PAGE_FILES) private readonly files: PageFiles) {}

  /**
   * Answers a request for the page; sets the headers of every answer below `/ui/`.
   * @returns false for a request that is not for a file: a route may have it
   * @throws ServiceError `method-not-allowed`
   */
  readonly answer = (request: IncomingMessage, response: RoutedResponse): boolean => {
    const [path = ''] = (request.url ?? '').split('?', 1);
    if (path === '/') return this.#leadToPage(request, response);
    if (path !== '/ui' && !path.startsWith('/ui/')) return false;
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    // Relative addresses need the slash.
    if (path === '/ui') return redirect(request, response, path, 'ui/');
    const name = path === '/ui/' ? 'index.html' : path.slice('/ui/'.length);
    const file = this.files.get(name);
    if (file !== undefined) {
      mark(response, file.isImmutable ? '/ui/assets/*' : '/ui/');
      assertRead(request, response);
      send(request, response, file);
      return true;
    }
    if (path !== '/ui/') return false;
    mark(response, '/ui/');
    assertRead(request, response);
    sendText(request, response, 404, NOT_BUILT);
    return true;
  };

  /** Programs that ask for `/` get what any unknown path gets. */
  #leadToPage(request: IncomingMessage, response: RoutedResponse): boolean {
    const isBrowser = request.headers.accept?.includes('text/html') === true;
    return isBrowser && isRead(request) && redirect(request, response, '/', 'ui/');
  }
}

/** Names the route for the log and the metrics. */
function mark(response: RoutedResponse, path: string): void {
  response.req.route = { path };
}

/** Relative, so that a proxy may serve us below any path. */
function redirect(
  request: IncomingMessage,
  response: RoutedResponse,
  route: string,
  location: string,
): boolean {
  mark(response, route);
  assertRead(request, response);
  response.setHeader('Location', location);
  sendText(request, response, 302, '');
  return true;
}

function send(request: IncomingMessage, response: ServerResponse, file: PageFile): void {
  const { type, content, gzipped, isImmutable } = file;
  if (isImmutable) response.setHeader('Cache-Control', IMMUTABLE);
  response.setHeader('Content-Type', type);
  if (gzipped !== undefined) response.setHeader('Vary', 'Accept-Encoding');
  const isGzipped = gzipped !== undefined && takesGzip(request);
  if (isGzipped) response.setHeader('Content-Encoding', 'gzip');
  finish(request, response, isGzipped ? gzipped : content);
}

function sendText(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  finish(request, response, Buffer.from(text));
}

function finish({ method }: IncomingMessage, response: ServerResponse, content: Buffer): void {
  response.setHeader('Content-Length', content.length);
  response.end(method === 'HEAD' ? undefined : content);
}

function isRead({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** @throws ServiceError `method-not-allowed` */
function assertRead(request: IncomingMessage, response: ServerResponse): void {
  if (isRead(request)) return;
  response.setHeader('Allow', 'GET, HEAD');
  throw new ServiceError('method-not-allowed');
}

/** A quality of 0 refuses it (RFC 9110, section 12.5.3). */
function takesGzip({ headers }: IncomingMessage): boolean {
  const accepted = String(headers['accept-encoding'] ?? '').toLowerCase();
  return accepted.split(',').some((part) => /^\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/.test(part));
}
