import { ERROR_CATALOGUE } from '../../src/domain/service-error.js';
import { letsIn, operations, openApi, validateExchange } from '../support/openapi.js';
import type { FuzzRequest } from './fuzz-request.js';
import type { WireAnswer } from './wire.js';

/**
 * Failures above 499 that are no finding: a renewal and its rehearsal depend on the issuer, an upload on its keys. The fake issuer works
 * while the service is fuzzed, so even these are rare; everything else above 499 is the service's own fault.
 */
const DOCUMENTED_ABOVE_499: readonly [method: string, path: string, messageId: string][] = [
  ...['/api/licensing/token/renew', '/api/licensing/renewal/rehearse'].flatMap((path) =>
    ['issuer.refused', 'issuer.bad-response', 'issuer.unavailable', 'issuer.timeout'].map(
      (messageId): [string, string, string] => ['POST', path, messageId],
    ),
  ),
  ['POST', '/api/licensing/token', 'issuer.unavailable'],
  ['POST', '/api/licensing/token/inspect', 'issuer.unavailable'],
];

/** What only the inside of the service knows: traces, files, statements, libraries, and values that were never meant to be text. */
const INTERNAL: readonly RegExp[] = [
  /\bat [\w.<>]+ ?\(|\bat (?:async )?[\w/]+:\d+/,
  /node:|node_modules|\b[\w-]+\.(?:c|m)?[jt]s\b/,
  /(?:^|[\s"'(:])\/(?:usr|home|tmp|var|etc|opt|root|app|src|dist|proc|data)\//,
  /SQLSTATE|\bSELECT\b|\bINSERT\b|\bON CONFLICT\b|\bduplicate key\b|\bconstraint\b|\brelation "|\bcolumn "/i,
  /typeorm|express|nestjs|pglite|postgres|axios|\bjose\b|passport|\bpino\b|class-validator|llhttp/i,
  /\bHPE_|\bERR_[A-Z]|\bE(?:CONN|PIPE|NOENT|ADDR|ACCES|MFILE)/,
  /\b(?:Type|Range|Syntax|Reference|URI|Eval|Assertion|Aggregate|QueryFailed)Error\b/,
  /\[object |\bundefined\b|\bNaN\b|\bInfinity\b|\bprototype\b/,
];

/** The one place where a failure repeats a word of the request: a plain name, in this sentence. */
const UNKNOWN_MEMBER = /"error":"[A-Za-z_]{1,40} is not a member of this request"/;

/**
 * What is wrong with an answer, regardless of the request; nothing for one of the contract.
 *
 * @param secrets - what nobody may be told
 */
export function findings(request: FuzzRequest, answer: WireAnswer, secrets: Iterable<string>): string[] {
  const found = [...statusFindings(request, answer), ...leaks(request, answer, secrets)];
  if (isRefusalOfTheConnection(answer)) {
    if (!request.mayBreakHttp) found.push('a request that is HTTP was refused as one that is none');
    return [...found, ...brokenHttpFindings(answer)];
  }
  return [...found, ...documentFindings(request, answer), ...accessFindings(request, answer)];
}

/** The answer that stands for no request: the connection's bytes were no HTTP (see `Broken HTTP` in docs/openapi.yaml). */
export function isRefusalOfTheConnection({ headers }: WireAnswer): boolean {
  return headers['x-request-id'] === undefined;
}

/** What is wrong with such an answer. */
export function brokenHttpFindings({ status, headers, text }: WireAnswer): string[] {
  const found: string[] = [];
  if (![400, 408, 431].includes(status)) found.push(`${status} is no answer to what is no HTTP`);
  if (headers.connection !== 'close') found.push('the connection of what is no HTTP stays open');
  for (const [name, value] of [
    ['content-type', 'application/json; charset=utf-8'],
    ['cache-control', 'no-store'],
    ['x-content-type-options', 'nosniff'],
    ['x-frame-options', 'deny'],
  ] as const) {
    if (headers[name] !== value) found.push(`the header ${name} is ${headers[name]}`);
  }
  const body = parsed(text) as Record<string, unknown> | undefined;
  const members = Object.keys(body ?? {})
    .sort()
    .join();
  if (members !== 'message,messageId,statusCode,traceID') found.push(`the body has the members ${members}`);
  if (!['bad-request', 'request.too-large'].includes(String(body?.messageId))) {
    found.push(`the messageId is ${String(body?.messageId)}`);
  }
  if (body?.statusCode !== status || body.traceID !== '') found.push('the body is for another answer');
  return found;
}

function statusFindings(request: FuzzRequest, { status, text }: WireAnswer): string[] {
  if (status < 500) return [];
  const { messageId } = (parsed(text) ?? {}) as { messageId?: string };
  const documented = DOCUMENTED_ABOVE_499.some(
    ([method, path, id]) => request.method === method && request.path === path && id === messageId,
  );
  return documented ? [] : [`the status is ${status}`];
}

/** Holds the exchange against docs/openapi.yaml, and the body against the catalogue of failures. */
function documentFindings(request: FuzzRequest, { status, headers, text }: WireAnswer): string[] {
  const found = validateExchange({
    method: request.method,
    // A path that cannot be decoded is none of the document's, with any method.
    path: isDecodable(request.path) ? request.path : '/undecodable',
    status,
    headers,
    ...(text === '' ? {} : { body: text }),
    ...(request.body === undefined ? {} : { requestBody: request.body }),
  });
  if (headers['content-length'] === undefined && status !== 204)
    found.push('the answer does not say how long it is');
  if (status < 400 || status === 403 || request.method === 'HEAD') return found;
  const { messageId } = (parsed(text) ?? {}) as { messageId?: string };
  const entry = (ERROR_CATALOGUE as Record<string, { status: number } | undefined>)[messageId ?? ''];
  if (entry?.status !== status) found.push(`${messageId} is no code of ${status}`);
  return found;
}

/** Only who holds the action gets a success, by any request. */
function accessFindings({ method, path, credentials }: FuzzRequest, { status }: WireAnswer): string[] {
  if (status >= 300) return [];
  const action = requiredAction(method, path);
  if (action === undefined) return ['a success for a path or method that is not documented'];
  return letsIn(action, credentials.actions) ? [] : [`${credentials.name} was let in without ${action}`];
}

/** The action that an operation wants of its caller; undefined for what is no operation. */
export function requiredAction(method: string, path: string): string | undefined {
  const wanted = method === 'HEAD' ? 'GET' : method;
  const parts = path.split('/');
  return operations().find(({ method: documented, path: template }) => {
    const pattern = template.split('/');
    return (
      documented === wanted &&
      pattern.length === parts.length &&
      pattern.every((part, at) => (part.startsWith('{') ? parts[at] !== '' : part === parts[at]))
    );
  })?.requiredAction;
}

function leaks(request: FuzzRequest, answer: WireAnswer, secrets: Iterable<string>): string[] {
  const { status, headers, text } = answer;
  // An id of the caller's own choice comes back in this header; it is no secret.
  const { 'x-request-id': _, ...rest } = headers;
  const told = `${Object.values(rest).join('\n')}\n${text}`;
  const found: string[] = [];
  const sentBody = Buffer.from(request.body ?? []).toString('utf8');
  for (const secret of secrets) {
    // An account may be called by any name, a secret too: its creator decides, and he knows it then.
    if (told.includes(secret) && !(status < 300 && sentBody.includes(secret)))
      found.push('it tells a secret');
  }
  // The document is the same for every request, so it repeats none; a text of the lists can be one of its words.
  const isDocument = request.path.startsWith('/api/openapi.yaml') && status === 200;
  for (const value of isDocument ? [] : request.credentials.authorization) {
    const credential = value.slice(value.indexOf(' ') + 1).trim();
    if (credential.length >= 16 && told.includes(credential)) found.push('it repeats the credentials');
  }
  // A success shows names that somebody chose, and the document; its schema has been looked at.
  if (status < 400) return found;
  const ours = told.replace(UNKNOWN_MEMBER, '');
  for (const pattern of INTERNAL) {
    const match = pattern.exec(ours);
    if (match !== null) found.push(`it tells about the inside: ${match[0]}`);
  }
  if (/[^\x20-\x7e\n]/.test(ours)) found.push('a failure repeats what is no plain text');
  return found;
}

/** Whether every part of a path can be decoded, as a router has to. */
export function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The paths of the document. */
export const DOCUMENTED_PATHS: readonly string[] = Object.keys(openApi.paths);
