/**
 * The published contract as something that tests can ask: which operations there are, and whether an exchange
 * that really took place is one of those that `docs/openapi.yaml` describes.
 */
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { parse } from 'yaml';

/** A JSON Schema of the document, references already followed. */
export type Schema = Readonly<Record<string, unknown>>;

export interface Example {
  value?: unknown;
}

export interface MediaType {
  schema?: Schema;
  example?: unknown;
  examples?: Readonly<Record<string, Example>>;
}

export interface Header {
  required?: boolean;
  schema?: Schema;
  example?: unknown;
}

export interface Parameter extends Header {
  name: string;
  in: string;
}

export interface DocumentedResponse {
  description: string;
  headers?: Readonly<Record<string, Header>>;
  content?: Readonly<Record<string, MediaType>>;
}

export interface RequestBody {
  required?: boolean;
  content: Readonly<Record<string, MediaType>>;
}

export interface DocumentedOperation {
  operationId: string;
  summary?: string;
  tags: readonly string[];
  'x-required-action': string;
  security: readonly Readonly<Record<string, readonly string[]>>[];
  parameters?: readonly Parameter[];
  requestBody?: RequestBody;
  responses: Readonly<Record<string, DocumentedResponse>>;
}

export type Method = (typeof METHODS)[number];

export type PathItem = { parameters?: readonly Parameter[] } & {
  readonly [M in Method]?: DocumentedOperation;
};

export interface OpenApiDocument {
  openapi: string;
  info: { title: string; version: string; description: string };
  paths: Readonly<Record<string, PathItem>>;
  components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  'x-unmatched-routes': Readonly<Record<string, DocumentedResponse>>;
}

export interface OperationSummary {
  method: Uppercase<Method>;
  /** The path template, as it is written in the document. */
  path: string;
  /**
   * The action that the caller needs, or `all of` several; `signed-in` where any caller is let in, and `none` for
   * operations without authentication.
   */
  requiredAction: string;
  operationId: string;
}

export type HeaderBag = Headers | Readonly<Record<string, string | number | readonly string[] | undefined>>;

export interface Exchange {
  method: string;
  /** The path as it was sent, with its query. */
  path: string;
  /** What was sent: a parsed value, or text that is read as JSON. */
  requestBody?: unknown;
  status: number;
  headers: HeaderBag;
  /**
   * What came back: a parsed value, or text that is read according to its content type. For types that are not
   * JSON it has to be the text: clients put nothing useful into a parsed body there.
   */
  body?: unknown;
}

export const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const;

const DOCUMENT_URL = new URL('../../docs/openapi.yaml', import.meta.url);

/** The document's text, exactly as it is served. */
export const openApiText: string = readFileSync(DOCUMENT_URL, 'utf8');

/** What the run has parsed once for all files: parsing takes a second. See global-setup.mjs. */
const PARSED = process.env.TEST_OPENAPI_JSON;

/** The document as it is written, with its references. */
export const rawOpenApi = (
  PARSED === undefined ? parse(openApiText) : JSON.parse(readFileSync(PARSED, 'utf8'))
) as Readonly<Record<string, unknown>>;

/** The document with every reference followed. What is referred to twice is one object, so it compiles once. */
export const openApi: OpenApiDocument = dereference(rawOpenApi) as OpenApiDocument;

/** Whether a caller who is known and holds these actions is let in. */
export function letsIn(requiredAction: string, actions: ReadonlySet<string> | readonly string[]): boolean {
  if (requiredAction === 'none' || requiredAction === 'signed-in') return true;
  const held = new Set(actions);
  return actionsIn(requiredAction).every((action) => held.has(action));
}

/** The actions that `x-required-action` names. */
export function actionsIn(requiredAction: string): string[] {
  if (requiredAction === 'none' || requiredAction === 'signed-in') return [];
  return requiredAction.replace(/^all of /, '').split(', ');
}

/** Every operation of the document, in its order. */
export function operations(): OperationSummary[] {
  return Object.entries(openApi.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      if (operation === undefined) return [];
      return [
        {
          method: method.toUpperCase() as Uppercase<Method>,
          path,
          requiredAction: operation['x-required-action'],
          operationId: operation.operationId,
        },
      ];
    }),
  );
}

/**
 * Compares an exchange with the document. The list names every violation; it is empty where there is none.
 *
 * A path that the document does not have must have been answered with 404, a method that its path does not have
 * with 405, both in the shapes that `x-unmatched-routes` refers to. What the caller sent is looked at only where
 * it was accepted (2xx): the document does not forbid to send nonsense, it forbids to accept it.
 */
export function validateExchange(exchange: Exchange): string[] {
  const method = exchange.method.toLowerCase();
  const pathname = exchange.path.replace(/[?#].*$/s, '');
  const route = findRoute(pathname);
  const found: string[] = [];

  if (route === undefined) {
    found.push(...unmatchedViolations(exchange, '404', `the path ${pathname} is not documented`));
  } else {
    const operation = documentedMethod(route.item, method);
    if (operation === undefined) {
      const reason = `the method ${exchange.method} is not documented for ${route.template}`;
      found.push(...unmatchedViolations(exchange, '405', reason));
      if (exchange.status === 405) found.push(...allowViolations(exchange.headers, route.item));
    } else {
      const response = operation.responses[String(exchange.status)];
      found.push(
        ...(response === undefined
          ? [`the status ${exchange.status} is not documented`]
          : responseViolations(exchange, response)),
      );
      if (exchange.status >= 200 && exchange.status < 300) {
        found.push(...requestViolations(exchange, operation, route));
      }
    }
  }
  return found.map((violation) => `${exchange.method.toUpperCase()} ${pathname}: ${violation}`);
}

/** What of `value` the schema does not allow; `what` begins every sentence. */
export function schemaViolations(schema: Schema, value: unknown, what: string): string[] {
  const validate = compiled(schema);
  if (validate(value)) return [];
  return (validate.errors ?? []).map((error) => {
    const { additionalProperty, allowedValue, allowedValues } = error.params as Record<string, unknown>;
    const particulars = additionalProperty ?? allowedValue ?? allowedValues;
    const detail = particulars === undefined ? '' : ` (${JSON.stringify(particulars)})`;
    return `${what}${error.instancePath} ${error.message ?? error.keyword}${detail}`;
  });
}

/**
 * Follows every `$ref` of a document. A reference that leads nowhere, or in a circle, is an error; of what may
 * stand next to a reference only prose is supported, as anything else would change the meaning of the target.
 */
export function dereference(root: unknown): unknown {
  const targets = new Map<string, unknown>();
  const underway = new Set<string>();

  const follow = (pointer: string): unknown => {
    if (targets.has(pointer)) return targets.get(pointer);
    if (underway.has(pointer)) throw new Error(`The reference ${pointer} leads in a circle`);
    underway.add(pointer);
    const target = expand(resolvePointer(root, pointer));
    underway.delete(pointer);
    targets.set(pointer, target);
    return target;
  };

  const expand = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(expand);
    if (!isRecord(node)) return node;
    const { $ref, ...beside } = node;
    if (typeof $ref === 'string') {
      const meaningful = Object.keys(beside).filter((key) => key !== 'description' && key !== 'summary');
      if (meaningful.length > 0)
        throw new Error(`Next to the reference ${$ref} stands ${meaningful.join(', ')}`);
      return follow($ref);
    }
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, expand(value)]));
  };

  return expand(root);
}

/** What a local reference (`#/…`) points at. */
export function resolvePointer(root: unknown, pointer: string): unknown {
  if (!pointer.startsWith('#/')) throw new Error(`The reference ${pointer} is not a local one`);
  let node: unknown = root;
  for (const part of pointer.slice(2).split('/')) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    // Own members only: `constructor` and the like would resolve on any object.
    if (!isRecord(node) || !Object.hasOwn(node, key))
      throw new Error(`The reference ${pointer} leads nowhere`);
    node = node[key];
  }
  return node;
}

interface Route {
  template: string;
  item: PathItem;
  parameters: Readonly<Record<string, string>>;
}

const routes = Object.entries(openApi.paths).map(([template, item]) => {
  const names: string[] = [];
  const pattern = template
    .split('/')
    .map((segment) => {
      const name = /^\{(\w+)\}$/.exec(segment)?.[1];
      if (name === undefined) return segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      names.push(name);
      return '([^/]+)';
    })
    .join('/');
  return { template, item, names, pattern: new RegExp(`^${pattern}$`) };
});
// A literal path comes before a template that would match it too.
routes.sort((a, b) => a.names.length - b.names.length);

function findRoute(pathname: string): Route | undefined {
  for (const { template, item, names, pattern } of routes) {
    const match = pattern.exec(pathname);
    if (match !== null) {
      const parameters = Object.fromEntries(names.map((name, index) => [name, match[index + 1] ?? '']));
      return { template, item, parameters };
    }
  }
  return undefined;
}

/** HEAD is answered wherever GET is, and is not documented on its own. */
function documentedMethod(item: PathItem, method: string): DocumentedOperation | undefined {
  const name = method === 'head' ? 'get' : method;
  return METHODS.includes(name as Method) ? item[name as Method] : undefined;
}

function unmatchedViolations(exchange: Exchange, status: '404' | '405', reason: string): string[] {
  if (String(exchange.status) !== status) {
    return [`${reason}, so the answer is ${status}, but it was ${exchange.status}`];
  }
  const response = openApi['x-unmatched-routes'][status];
  if (response === undefined) return [`the document does not describe the ${status} of unmatched routes`];
  return responseViolations(exchange, response);
}

function allowViolations(headers: HeaderBag, item: PathItem): string[] {
  const expected = METHODS.filter((method) => documentedMethod(item, method) !== undefined)
    .map((method) => method.toUpperCase())
    .sort();
  const actual = (headerValue(headers, 'Allow') ?? '')
    .split(',')
    .map((method) => method.trim())
    .sort();
  return expected.join() === actual.join()
    ? []
    : [`the header Allow names ${actual.join(', ')} instead of ${expected.join(', ')}`];
}

function responseViolations(exchange: Exchange, response: DocumentedResponse): string[] {
  return [
    ...headerViolations(exchange.headers, response.headers ?? {}),
    ...(response.content === undefined
      ? emptyViolations(exchange)
      : contentViolations(exchange, response.content)),
  ];
}

function headerViolations(headers: HeaderBag, documented: Readonly<Record<string, Header>>): string[] {
  return Object.entries(documented).flatMap(([name, { required, schema }]) => {
    const value = headerValue(headers, name);
    if (value === undefined) return required === true ? [`the header ${name} is missing`] : [];
    return schema === undefined
      ? []
      : schemaViolations(schema, fromText(value, schema), `the header ${name}`);
  });
}

/** An answer without content, as 204 is. */
function emptyViolations({ headers, body }: Exchange): string[] {
  const contentType = headerValue(headers, 'Content-Type');
  return [
    ...(contentType === undefined ? [] : [`the content type ${contentType} belongs to no content`]),
    ...(isEmpty(body) || isEmptyObject(body) ? [] : ['the answer has a body']),
  ];
}

function contentViolations(exchange: Exchange, content: Readonly<Record<string, MediaType>>): string[] {
  const contentType = headerValue(exchange.headers, 'Content-Type');
  const found: string[] = [];
  let media: MediaType | undefined;
  if (contentType === undefined) {
    found.push('the header Content-Type is missing');
  } else {
    media = Object.entries(content).find(([documented]) => sameMediaType(documented, contentType))?.[1];
    if (media === undefined) {
      found.push(`the content type ${contentType} is not ${Object.keys(content).join(' or ')}`);
    }
  }

  if (exchange.method.toUpperCase() === 'HEAD') {
    // Clients give an absent body as '' or, where they parse JSON, as {}: neither has a byte to complain of.
    if (!isEmpty(exchange.body) && !isEmptyObject(exchange.body)) found.push('the answer to HEAD has a body');
    return found;
  }
  if (contentType === undefined || media?.schema === undefined) return found;

  const body = readBody(exchange.body, isJson(contentType));
  return 'fault' in body
    ? [...found, `the body ${body.fault}`]
    : [...found, ...schemaViolations(media.schema, body.value, 'the body')];
}

function requestViolations(exchange: Exchange, operation: DocumentedOperation, route: Route): string[] {
  const found: string[] = [];
  for (const { name, in: place, schema } of [
    ...(route.item.parameters ?? []),
    ...(operation.parameters ?? []),
  ]) {
    if (place !== 'path' || schema === undefined) continue;
    const text = route.parameters[name];
    if (text === undefined) continue;
    const what = `a request was accepted although its path parameter ${name}`;
    const decoded = percentDecoded(text);
    found.push(
      ...(decoded === undefined
        ? [`${what} is not properly encoded`]
        : schemaViolations(schema, fromText(decoded, schema), what)),
    );
  }

  found.push(...queryViolations(exchange.path, operation.parameters ?? []));

  if (operation.requestBody === undefined) return found;
  if (isEmpty(exchange.requestBody)) {
    if (operation.requestBody.required === true) found.push('a request was accepted although it has no body');
    return found;
  }
  const schema = operation.requestBody.content['application/json']?.schema;
  if (schema === undefined) return found;
  const body = readBody(exchange.requestBody, true);
  const what = 'a request was accepted although its body';
  return 'fault' in body
    ? [...found, `${what} ${body.fault}`]
    : [...found, ...schemaViolations(schema, body.value, what)];
}

/** What is not documented for the query's parameters; those that the document does not name are nobody's matter. */
function queryViolations(path: string, parameters: readonly Parameter[]): string[] {
  const query = new URLSearchParams(/\?([^#]*)/s.exec(path)?.[1] ?? '');
  return parameters.flatMap(({ name, in: place, schema }) => {
    if (place !== 'query' || schema === undefined) return [];
    const said = query.getAll(name);
    const what = `a request was accepted although its query parameter ${name}`;
    if (said.length > 1) return [`${what} is there ${said.length} times`];
    return said.flatMap((text) => schemaViolations(schema, fromText(text, schema), what));
  });
}

/** Whether an answer's content type is the documented one: a documented parameter is required, others are not. */
function sameMediaType(documented: string, actual: string): boolean {
  const [wanted, wantedParameters] = mediaTypeParts(documented);
  const [given, givenParameters] = mediaTypeParts(actual);
  return (
    wanted === given &&
    wantedParameters.every((parameter) => givenParameters.includes(parameter)) &&
    // Every text of this service is UTF-8, whether it says so or not.
    givenParameters.every(
      (parameter) => parameter === 'charset=utf-8' || wantedParameters.includes(parameter),
    )
  );
}

function mediaTypeParts(text: string): [essence: string, parameters: string[]] {
  const [essence = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  return [essence, parameters];
}

function isJson(contentType: string): boolean {
  const [essence] = mediaTypeParts(contentType);
  return essence === 'application/json' || essence.endsWith('+json');
}

function readBody(body: unknown, json: boolean): { value: unknown } | { fault: string } {
  // A list of lines can have none.
  if (isEmpty(body)) return json ? { fault: 'is missing' } : { value: '' };
  const raw = body instanceof Uint8Array ? Buffer.from(body).toString('utf8') : body;
  if (!json) return { value: raw };
  // No body of this contract is a JSON string, so a string is always the text of one.
  if (typeof raw !== 'string') return { value: raw };
  try {
    return { value: JSON.parse(raw) as unknown };
  } catch {
    return { fault: 'is not JSON' };
  }
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Headers and path parameters are text; where an integer is documented, only its canonical form is one. */
function fromText(text: string, schema: Schema): unknown {
  return schema.type === 'integer' && /^(0|-?[1-9]\d*)$/.test(text) ? Number(text) : text;
}

function headerValue(headers: HeaderBag, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const entry = Object.entries(headers).find(([key]) => key.toLowerCase() === name.toLowerCase());
  const value = entry?.[1];
  if (value === undefined) return undefined;
  return typeof value === 'object' ? value.join(', ') : String(value);
}

function isEmpty(body: unknown): boolean {
  return body === undefined || body === '' || (body instanceof Uint8Array && body.length === 0);
}

function isEmptyObject(value: unknown): boolean {
  return isRecord(value) && Object.keys(value).length === 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

const ajv = new Ajv2020({
  strict: true,
  allErrors: true,
  formats: { 'date-time': (text: string) => DATE_TIME.test(text) && !Number.isNaN(Date.parse(text)) },
});

const validators = new WeakMap<Schema, ValidateFunction>();

function compiled(schema: Schema): ValidateFunction {
  let validate = validators.get(schema);
  if (validate === undefined) {
    validate = ajv.compile(schema);
    validators.set(schema, validate);
  }
  return validate;
}
