import { ROLE_UID } from '../../src/accounts/service-account.request.js';
import { ACCOUNT_NAME_CHARACTERS, roleRemark } from '../../src/domain/account-name.js';
import { ERROR_CATALOGUE } from '../../src/domain/service-error.js';
import {
  METHODS,
  dereference,
  openApi,
  openApiText,
  rawOpenApi,
  resolvePointer,
  schemaViolations,
  validateExchange,
  type DocumentedOperation,
  type DocumentedResponse,
  type Exchange,
  type Header,
  type MediaType,
  type Schema,
} from '../support/openapi.js';

interface Located<T> {
  at: string;
  value: T;
}

const everyOperation: Located<DocumentedOperation>[] = Object.entries(openApi.paths).flatMap(([path, item]) =>
  METHODS.flatMap((method) => {
    const value = item[method];
    return value === undefined ? [] : [{ at: `${method.toUpperCase()} ${path}`, value }];
  }),
);

const everyResponse: Located<DocumentedResponse>[] = [
  ...everyOperation.flatMap(({ at, value }) =>
    Object.entries(value.responses).map(([status, response]) => ({ at: `${at} ${status}`, value: response })),
  ),
  ...Object.entries(openApi['x-unmatched-routes']).map(([status, value]) => ({
    at: `unmatched ${status}`,
    value,
  })),
];

const everyMediaType: Located<MediaType>[] = [
  ...everyOperation.flatMap(({ at, value }) =>
    Object.entries(value.requestBody?.content ?? {}).map(([type, media]) => ({
      at: `${at} < ${type}`,
      value: media,
    })),
  ),
  ...everyResponse.flatMap(({ at, value }) =>
    Object.entries(value.content ?? {}).map(([type, media]) => ({ at: `${at} > ${type}`, value: media })),
  ),
];

const headersAndParameters: Located<Header>[] = [
  ...everyResponse.flatMap(({ at, value }) =>
    Object.entries(value.headers ?? {}).map(([name, header]) => ({ at: `${at} ${name}`, value: header })),
  ),
  ...Object.entries(openApi.paths).flatMap(([path, item]) =>
    (item.parameters ?? []).map((parameter) => ({ at: `${path} ${parameter.name}`, value: parameter })),
  ),
  ...everyOperation.flatMap(({ at, value }) =>
    (value.parameters ?? []).map((parameter) => ({ at: `${at} ${parameter.name}`, value: parameter })),
  ),
];

/** Visits a value and everything in it. */
function walk(node: unknown, visit: (node: Record<string, unknown>) => void): void {
  if (Array.isArray(node)) {
    node.forEach((item) => walk(item, visit));
  } else if (typeof node === 'object' && node !== null) {
    visit(node as Record<string, unknown>);
    Object.values(node).forEach((value) => walk(value, visit));
  }
}

function referencesIn(node: unknown): string[] {
  const found: string[] = [];
  walk(node, ({ $ref }) => {
    if (typeof $ref === 'string') found.push($ref);
  });
  return found;
}

function responseOf(operation: DocumentedOperation, status: string): DocumentedResponse {
  const response = operation.responses[status];
  if (response === undefined) throw new Error(`${operation.operationId} has no ${status}`);
  return response;
}

/** The codes that an answer may carry: the enumeration next to the reference to `Error`. */
function codesOf(response: DocumentedResponse): string[] {
  const codes: string[] = [];
  Object.values(response.content ?? {}).forEach(({ schema }) => {
    const parts = (schema?.allOf ?? []) as { properties?: { messageId?: { enum?: string[] } } }[];
    codes.push(...(parts[1]?.properties?.messageId?.enum ?? []));
  });
  return codes;
}

const component = <T>(kind: string, name: string): T => {
  const value = openApi.components[kind]?.[name];
  if (value === undefined) throw new Error(`There is no component ${kind}/${name}`);
  return value as T;
};

describe('The uid of a role', () => {
  it('has in the document the pattern that the service asks for, in path and body', () => {
    const { RoleUid } = openApi.components.schemas as Record<string, { pattern?: string }>;
    expect(RoleUid?.pattern).toBe(ROLE_UID.source);
  });
});

describe('The name of an account or token', () => {
  it('has in the document the pattern that the service asks for', () => {
    const { Name } = openApi.components.schemas as Record<string, { pattern?: string }>;
    expect(Name?.pattern).toBe(ACCOUNT_NAME_CHARACTERS.source);
  });

  it('has the characters that a text about a role has, which may be empty', () => {
    const { Name, Remark, RoleDescription } = openApi.components.schemas as Record<
      string,
      { pattern?: string; maxLength?: number }
    >;
    for (const text of [Remark, RoleDescription]) {
      expect(text?.pattern).toBe(Name?.pattern?.replace(/\+\$$/, '*$'));
      expect(roleRemark(text?.maxLength as number).source).toContain(text?.pattern?.slice(0, -2));
    }
  });
});

describe('The OpenAPI document', () => {
  it('is a 3.1 document with a title, a version and a description', () => {
    expect(openApi.openapi).toMatch(/^3\.1\.\d+$/);
    expect(openApi.info.title).toBe('Licentia HTTP API');
    expect(openApi.info.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(openApi.info.description.length).toBeGreaterThan(100);
  });

  it('gives every operation an id of its own, a summary and a known tag', () => {
    const ids = everyOperation.map(({ value }) => value.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = (rawOpenApi.tags as { name: string }[]).map(({ name }) => name);
    for (const { value } of everyOperation) {
      expect(value.operationId).toMatch(/^[a-z][A-Za-z]+$/);
      expect(value.summary).toMatch(/\S/);
      expect(value.tags).toHaveLength(1);
      expect(tags).toEqual(expect.arrayContaining([...value.tags]));
    }
  });

  it('resolves every reference', () => {
    const references = referencesIn(rawOpenApi);
    expect(references.length).toBeGreaterThan(0);
    for (const reference of references) {
      expect(() => resolvePointer(rawOpenApi, reference)).not.toThrow();
    }
    expect(referencesIn(openApi)).toEqual([]);
  });

  it('uses every component', () => {
    const { components, ...rest } = rawOpenApi as { components: Record<string, Record<string, unknown>> };
    // Reachable from outside: two components that only refer to each other are not used.
    const used = new Set<string>();
    const queue = referencesIn(rest);
    for (let reference = queue.pop(); reference !== undefined; reference = queue.pop()) {
      if (used.has(reference)) continue;
      used.add(reference);
      queue.push(...referencesIn(resolvePointer(rawOpenApi, reference)));
    }
    for (const { value } of everyOperation) {
      for (const scheme of value.security.flatMap((alternative) => Object.keys(alternative))) {
        used.add(`#/components/securitySchemes/${scheme}`);
      }
    }
    const defined = Object.entries(components).flatMap(([kind, members]) =>
      Object.keys(members).map((name) => `#/components/${kind}/${name}`),
    );
    expect(defined.filter((pointer) => !used.has(pointer))).toEqual([]);
    expect([...used].filter((pointer) => !defined.includes(pointer))).toEqual([]);
  });

  it.each(everyOperation)('names an action for $at, and security that agrees with it', ({ value }) => {
    const action = value['x-required-action'];
    if (action === 'none') {
      expect(value.security).toEqual([]);
    } else {
      expect(action).toMatch(/^(signed-in|(all of )?[a-z]+(\.[a-z]+)*:[a-z]+(, [a-z]+(\.[a-z]+)*:[a-z]+)*)$/);
      expect(value.security).toEqual([{ bearer: [] }, { basic: [] }]);
    }
  });

  it.each(everyOperation)('lists the failures that $at shares with its like', ({ at, value }) => {
    const statuses = Object.keys(value.responses);
    const action = value['x-required-action'];
    const signedIn = action !== 'none';
    // Without an action, but with credentials in its body.
    const signsIn = value.operationId === 'signIn';
    const expectation = (condition: boolean, ...expected: string[]) => {
      for (const status of expected) {
        expect(`${status} ${statuses.includes(status)}`).toBe(`${status} ${condition}`);
      }
    };
    expectation(signedIn || signsIn, '401', '429', '500');
    expectation(signedIn && action !== 'signed-in', '403');
    expectation(value.requestBody !== undefined, '413');
    const asks = (value.parameters ?? []).some((parameter) => parameter.in === 'query');
    expectation(value.requestBody !== undefined || at.includes('{') || asks, '400');
    expectation(false, '405');
    if (signedIn) expect(statuses).toContain('503');
    // What is gone has no success.
    const successes = statuses.includes('410') ? 0 : 1;
    expect(statuses.filter((status) => status.startsWith('2'))).toHaveLength(successes);
  });

  it('describes exactly the path parameters of every path', () => {
    for (const [path, item] of Object.entries(openApi.paths)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const described = (item.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(described.map(({ name }) => name)).toEqual(inPath);
      expect(described.every(({ required }) => required === true)).toBe(true);
    }
  });

  it('requires of every answer the headers that all of them have', () => {
    for (const { at, value } of everyResponse) {
      const required = Object.entries(value.headers ?? {}).flatMap(([name, header]) =>
        header.required === true ? [`${at} ${name}`] : [],
      );
      const expected = ['Cache-Control', 'X-Content-Type-Options', 'X-Frame-Options', 'X-Request-Id'];
      expect(required).toEqual(expect.arrayContaining(expected.map((name) => `${at} ${name}`)));
    }
  });

  it('requires Retry-After of every 429, and of every 503 that is an error', () => {
    for (const { at, value } of everyOperation) {
      for (const status of ['429', '503'].filter((code) => code in value.responses)) {
        const response = responseOf(value, status);
        const isError = codesOf(response).length > 0;
        expect(`${at} ${status} ${response.headers?.['Retry-After']?.required === true}`).toBe(
          `${at} ${status} ${isError}`,
        );
      }
    }
  });

  it('gives an example of every body, and only valid ones', () => {
    for (const { at, value } of everyMediaType) {
      const { schema, examples = {} } = value;
      if (schema === undefined) throw new Error(`${at} has no schema`);
      // Only the document itself goes without: its example would be the document.
      if (!at.endsWith('application/yaml') && Object.keys(examples).length === 0) {
        throw new Error(`${at} has no example`);
      }
      for (const [name, example] of Object.entries(examples)) {
        expect(schemaViolations(schema, example.value, `${at} ${name}: `)).toEqual([]);
      }
    }
  });

  it('gives a valid example for every header and parameter', () => {
    for (const { at, value } of headersAndParameters) {
      if (value.schema === undefined) throw new Error(`${at} has no schema`);
      expect(schemaViolations(value.schema, value.example, at)).toEqual([]);
    }
  });

  it('has schemas that a strict compiler accepts', () => {
    for (const name of Object.keys(openApi.components.schemas ?? {})) {
      expect(() => schemaViolations(component<Schema>('schemas', name), null, name)).not.toThrow();
    }
  });

  it('closes every object, so that an undocumented member is noticed', () => {
    for (const [name, schema] of Object.entries(openApi.components.schemas ?? {})) {
      const { type, additionalProperties } = schema as { type?: unknown; additionalProperties?: unknown };
      if (type === 'object') expect(`${name} ${String(additionalProperties)}`).toBe(`${name} false`);
    }
  });

  it('requires every member of a token but the two of older licenses', () => {
    const { required, properties } = component<{ required: string[]; properties: object }>(
      'schemas',
      'Token',
    );
    const optional = Object.keys(properties).filter((name) => !required.includes(name));
    expect(optional).toEqual(['included_admins', 'included_viewers']);
    expect(required).toHaveLength(24);
  });

  describe('on failures', () => {
    const listed = component<{ properties: { messageId: { enum: string[] } } }>('schemas', 'Error').properties
      .messageId.enum;
    const statusOf = new Map<string, number>(
      Object.entries(ERROR_CATALOGUE).map(([code, { status }]) => [code, status]),
    );

    it('lists exactly the codes of the catalogue but that of 403, which has a shape of its own', () => {
      const codes = [...statusOf.keys()].filter((code) => code !== 'access.denied');
      expect([...listed].sort()).toEqual(codes.sort());
    });

    it('shows in its examples the sentence of the catalogue, or a more precise one where the code has several', () => {
      const reworded = new Set<string>();
      for (const { at, value } of everyResponse) {
        for (const media of Object.values(value.content ?? {})) {
          for (const { value: example } of Object.values(media.examples ?? {})) {
            const { messageId, message } = (example ?? {}) as { messageId?: string; message?: string };
            if (messageId === undefined) continue;
            expect([at, messageId, messageId in ERROR_CATALOGUE]).toEqual([at, messageId, true]);
            if (message !== ERROR_CATALOGUE[messageId as keyof typeof ERROR_CATALOGUE].message) {
              reworded.add(messageId);
            }
          }
        }
      }
      // Those whose sentence says which rule failed; errors.md says so of them.
      expect([...reworded].filter((code) => !/^license\./.test(code))).toEqual([]);
    });

    it('says of every failing answer which codes it carries, each under its own status', () => {
      const seen = new Set<string>();
      for (const { at, value } of everyResponse) {
        const status = Number(at.slice(-3));
        if (status < 400 || status === 403 || /\/(readyz|health) 503$/.test(at)) continue;
        const codes = codesOf(value);
        expect(`${at} ${codes.length > 0}`).toBe(`${at} true`);
        for (const code of codes) {
          seen.add(code);
          const expected = statusOf.get(code) ?? status;
          expect(`${code} ${status}`).toBe(`${code} ${expected}`);
        }
        // One example each, so that a reader sees every code.
        const examples = Object.values(value.content ?? {}).flatMap((media) =>
          Object.keys(media.examples ?? {}),
        );
        expect(examples).toEqual(codes);
      }
      expect([...seen].sort()).toEqual([...listed].sort());
    });
  });

  it('writes American English', () => {
    expect(openApiText).not.toMatch(/licen[c]e/i);
  });
});

describe('Following references', () => {
  it('refuses one that leads nowhere', () => {
    expect(() => dereference({ a: { $ref: '#/b' } })).toThrow('leads nowhere');
    expect(() => dereference({ a: { $ref: '#/constructor' } })).toThrow('leads nowhere');
  });

  it('refuses one that leads in a circle', () => {
    expect(() => dereference({ a: { $ref: '#/b' }, b: { c: { $ref: '#/a' } } })).toThrow('circle');
  });

  it('refuses one to another document', () => {
    expect(() => dereference({ a: { $ref: 'other.yaml#/b' } })).toThrow('not a local one');
  });

  it('refuses one that stands next to something that would change its meaning', () => {
    const schemas = { a: { $ref: '#/b', minimum: 2 }, b: { type: 'integer' } };
    expect(() => dereference(schemas)).toThrow('minimum');
  });

  it('gives one object for two references to the same target', () => {
    const { a, b } = dereference({ a: { $ref: '#/c~1d' }, b: { $ref: '#/c~1d' }, 'c/d': {} }) as {
      a: unknown;
      b: unknown;
    };
    expect(a).toBe(b);
  });
});

describe('Validating an exchange', () => {
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'deny',
    'x-request-id': 'a-1',
  };
  const without = (name: keyof typeof headers): Record<string, string> =>
    Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
  const check: Exchange = {
    method: 'GET',
    path: '/api/licensing/check',
    status: 200,
    headers: { ...headers, 'content-type': 'application/json', 'content-length': '4' },
    body: true,
  };
  const token = component<{ value: Record<string, unknown> }>('examples', 'LicenseInUse').value;
  const show: Exchange = { method: 'GET', path: '/api/licensing/token', status: 200, headers, body: token };
  const remove: Exchange = {
    method: 'DELETE',
    path: '/api/licensing/token',
    requestBody: { instance: 'http://play.grafana.org/' },
    status: 202,
    headers,
    body: {},
  };
  const failure = (statusCode: number, messageId: string): Record<string, unknown> => ({
    message: 'A sentence',
    messageId,
    statusCode,
    traceID: '',
  });
  const only = (violations: string[]): string => {
    expect(violations).toHaveLength(1);
    return violations[0] ?? '';
  };

  it('finds nothing in an exchange that is as documented', () => {
    expect(validateExchange(check)).toEqual([]);
    expect(validateExchange(show)).toEqual([]);
    expect(validateExchange(remove)).toEqual([]);
    expect(validateExchange({ ...remove, status: 422, body: failure(422, 'instance.mismatch') })).toEqual([]);
  });

  it('reads bodies that come as text or bytes', () => {
    expect(validateExchange({ ...check, body: 'true' })).toEqual([]);
    expect(validateExchange({ ...check, body: Buffer.from('true') })).toEqual([]);
    expect(validateExchange({ ...remove, requestBody: '{"instance":"x"}', body: '{}' })).toEqual([]);
    expect(only(validateExchange({ ...check, body: 'truth' }))).toContain('is not JSON');
  });

  it('reads headers in any letter case, from a plain object or from Headers', () => {
    const capitals = Object.fromEntries(
      Object.entries(headers).map(([key, value]) => [key.toUpperCase(), value]),
    );
    expect(validateExchange({ ...show, headers: capitals })).toEqual([]);
    expect(validateExchange({ ...show, headers: new Headers(headers) })).toEqual([]);
  });

  it('finds a value of the wrong type', () => {
    expect(only(validateExchange({ ...check, body: 'null' }))).toContain('the body must be boolean');
    const violation = only(validateExchange({ ...show, body: { ...token, lexp: '1798761600' } }));
    expect(violation).toBe('GET /api/licensing/token: the body/lexp must be integer');
  });

  it('finds a value outside its enumeration or range', () => {
    expect(only(validateExchange({ ...show, body: { ...token, status: 7 } }))).toContain('/status');
    expect(only(validateExchange({ ...show, body: { ...token, included_users: -1 } }))).toContain(
      '/included_users',
    );
  });

  it('finds a missing member', () => {
    const { prod: _, ...rest } = token;
    expect(only(validateExchange({ ...show, body: rest }))).toContain("required property 'prod'");
  });

  it('finds an extra member and names it', () => {
    const violation = only(validateExchange({ ...show, body: { ...token, jws: 'e30.e30.e30' } }));
    expect(violation).toContain('additional properties ("jws")');
  });

  it('finds a date that is none', () => {
    const body = {
      id: 7,
      name: 'a',
      login: 'sa-a',
      isDisabled: false,
      createdAt: '2026-13-01T00:00:00Z',
      updatedAt: '2026-01-01T00:00:00Z',
      role: 'None',
    };
    const exchange = { ...show, method: 'POST', path: '/api/serviceaccounts', requestBody: { name: 'a' } };
    expect(only(validateExchange({ ...exchange, status: 201, body }))).toContain('/createdAt');
  });

  it('finds a missing body', () => {
    expect(only(validateExchange({ ...show, body: undefined }))).toContain('the body is missing');
  });

  it('finds a missing header', () => {
    expect(only(validateExchange({ ...show, headers: without('cache-control') }))).toContain(
      'the header Cache-Control is missing',
    );
    const body = failure(429, 'too-many-requests');
    expect(only(validateExchange({ ...remove, status: 429, body }))).toContain(
      'the header Retry-After is missing',
    );
  });

  it('finds a header with a wrong value', () => {
    const violations = validateExchange({ ...show, headers: { ...headers, 'cache-control': 'public' } });
    expect(only(violations)).toContain('the header Cache-Control');
    const body = failure(429, 'too-many-requests');
    for (const retryAfter of ['0', '3601', '1.5', '01', 'soon']) {
      const answer = { ...remove, status: 429, headers: { ...headers, 'retry-after': retryAfter }, body };
      expect(validateExchange(answer)).not.toEqual([]);
    }
  });

  it('finds a content type that is not the documented one', () => {
    const wrong = (type: string) => ({ ...show, headers: { ...headers, 'content-type': type } });
    expect(only(validateExchange(wrong('text/html')))).toContain('the content type text/html');
    expect(only(validateExchange(wrong('application/json; charset=latin1')))).toContain('charset=latin1');
    expect(only(validateExchange({ ...show, headers: without('content-type') }))).toContain(
      'Content-Type is missing',
    );
  });

  it('insists on the charset of a failure', () => {
    const bare = { ...headers, 'content-type': 'application/json' };
    const body = failure(422, 'instance.mismatch');
    expect(only(validateExchange({ ...remove, status: 422, headers: bare, body }))).toContain('content type');
  });

  it('finds a status that is not documented', () => {
    expect(validateExchange({ ...show, status: 418 })).toEqual([
      'GET /api/licensing/token: the status 418 is not documented',
    ]);
    expect(only(validateExchange({ ...show, status: 404, body: failure(404, 'not-found') }))).toContain(
      '404',
    );
  });

  it('finds a code that does not belong to the operation or the status', () => {
    const misplaced = validateExchange({ ...remove, status: 400, body: failure(400, 'license.invalid') });
    expect(only(misplaced)).toContain('/messageId');
    const disagreeing = validateExchange({ ...remove, status: 422, body: failure(400, 'instance.mismatch') });
    expect(only(disagreeing)).toContain('/statusCode');
  });

  it('finds a failure with a detail that must not leave the service', () => {
    const body = { ...failure(500, 'internal-error'), stack: 'at …' };
    expect(only(validateExchange({ ...show, status: 500, body }))).toContain('"stack"');
  });

  it('holds a refusal of access to its three members', () => {
    const body = {
      accessErrorId: 'ACE0123456789',
      message:
        "You'll need additional permissions to perform this action. Permissions needed: licensing:read",
      title: 'Access denied',
    };
    const refused = { ...show, status: 403, body };
    expect(validateExchange(refused)).toEqual([]);
    expect(validateExchange({ ...refused, body: { ...body, statusCode: 403 } })).toHaveLength(1);
    expect(validateExchange({ ...refused, body: { ...body, accessErrorId: 'ACE012345678' } })).toHaveLength(
      1,
    );
    expect(validateExchange({ ...refused, body: failure(403, 'access.denied') })).not.toEqual([]);
  });

  it('finds a request that should not have been accepted', () => {
    const accepted = (requestBody: unknown) => validateExchange({ ...remove, requestBody });
    expect(only(accepted(undefined))).toContain('although it has no body');
    expect(only(accepted({ instance: '' }))).toContain('although its body/instance');
    expect(only(accepted({ instance: 'x', force: true }))).toContain('"force"');
    expect(only(accepted('{'))).toContain('is not JSON');
  });

  it('does not look at a request that was refused', () => {
    const refused = {
      ...remove,
      requestBody: { instance: 5 },
      status: 400,
      body: failure(400, 'bad-request'),
    };
    expect(validateExchange(refused)).toEqual([]);
  });

  it('lets the body of a renewal be absent or an empty object', () => {
    const renew = { ...show, method: 'POST', path: '/api/licensing/token/renew' };
    expect(validateExchange(renew)).toEqual([]);
    expect(validateExchange({ ...renew, requestBody: '' })).toEqual([]);
    expect(validateExchange({ ...renew, requestBody: {} })).toEqual([]);
    expect(validateExchange({ ...renew, requestBody: { force: true } })).toHaveLength(1);
    expect(validateExchange({ ...renew, requestBody: '[]' })).toHaveLength(1);
  });

  it('finds an accepted path parameter of the wrong form', () => {
    const list = (id: string) => ({ ...show, path: `/api/serviceaccounts/${id}/tokens?x=1`, body: [] });
    expect(validateExchange(list('7'))).toEqual([]);
    for (const id of ['0', '07', '7.0', '1e1', '%37x', '%', '9007199254740992']) {
      expect(validateExchange(list(id))).toHaveLength(1);
    }
  });

  it('finds an accepted query parameter of the wrong form, or one that is said twice, and no other', () => {
    const example = component<{ value: object }>('examples', 'ExplanationOfTwoSources').value;
    const explain = (query: string) =>
      validateExchange({ ...show, path: `/api/licensing/check/explain${query}`, body: example });
    for (const query of ['', '?', '?at=1', '?at=%31', '?x=0', '?at=253402300799&At=x']) {
      expect(explain(query)).toEqual([]);
    }
    for (const query of ['?at=', '?at', '?at=0', '?at=01', '?at=1e3', '?at=253402300800', '?at=1&at=1']) {
      expect(only(explain(query))).toContain('query parameter at');
    }
  });

  it('takes HEAD for GET without a body', () => {
    const head = { ...check, method: 'HEAD', body: undefined };
    expect(validateExchange(head)).toEqual([]);
    expect(only(validateExchange({ ...head, body: 'true' }))).toContain('HEAD has a body');
    expect(only(validateExchange({ ...head, status: 204 }))).toContain('204');
  });

  it('wants text for answers that are not JSON', () => {
    const alive = {
      ...check,
      path: '/healthz',
      headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' },
    };
    expect(validateExchange({ ...alive, body: 'Ok' })).toEqual([]);
    expect(validateExchange({ ...alive, body: 'OK' })).toHaveLength(1);
    const served = {
      ...alive,
      path: '/api/openapi.yaml',
      headers: { ...headers, 'content-type': 'application/yaml' },
    };
    expect(validateExchange({ ...served, body: openApiText })).toEqual([]);
  });

  describe('of a route that does not exist', () => {
    it.each([
      '/',
      '/api',
      '/api/licensing/check/',
      '/api//licensing/check',
      '/API/licensing/check',
      '/healthzz',
    ])('wants %s to answer 404 in the shape of a failure', (path) => {
      const missing = { ...show, path, status: 404, body: failure(404, 'not-found') };
      expect(validateExchange(missing)).toEqual([]);
      expect(only(validateExchange({ ...missing, status: 200 }))).toContain('is not documented');
      expect(validateExchange({ ...missing, body: { message: 'Cannot GET' } })).not.toEqual([]);
      expect(validateExchange({ ...missing, headers: without('x-request-id') })).toHaveLength(1);
    });

    it('wants another method to answer 405 with the methods that work', () => {
      const put = {
        ...show,
        method: 'PUT',
        status: 405,
        headers: { ...headers, allow: 'GET, HEAD, POST, DELETE' },
        body: failure(405, 'method-not-allowed'),
      };
      expect(validateExchange(put)).toEqual([]);
      expect(validateExchange({ ...put, method: 'OPTIONS' })).toEqual([]);
      expect(only(validateExchange({ ...put, headers: { ...headers, allow: 'GET, POST' } }))).toContain(
        'Allow',
      );
      expect(validateExchange({ ...put, headers })).not.toEqual([]);
      expect(only(validateExchange({ ...put, status: 404, body: failure(404, 'not-found') }))).toContain(
        '405',
      );
    });
  });
});
