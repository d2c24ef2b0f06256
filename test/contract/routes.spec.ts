import { Controller, Get, Post, RequestMethod, type Type } from '@nestjs/common';
import { HTTP_CODE_METADATA, METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import { AppModule } from '../../src/app.module.js';
import {
  ACCESS_RULE,
  type AccessRule,
  OpenToAll,
  RequireAction,
  SIGNED_IN,
} from '../../src/http/require-action.decorator.js';
import { describeRequirement } from '../../src/domain/requirement.js';
import { ACTIONS } from '../../src/domain/actions.js';
import { loadServiceConfig } from '../../src/config/service-config.js';
import { Database } from '../../src/database/database.js';
import { systemClock } from '../../src/domain/clock.js';
import { HttpApplication } from '../../src/http/http-application.js';
import { createLogger } from '../../src/http/logger.js';
import { RouteTable } from '../../src/http/route-table.js';
import { SnapshotService } from '../../src/snapshot/snapshot.service.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { actionsIn, openApi, operations } from '../support/openapi.js';
import { BOOTSTRAP_TOKEN } from '../support/service.js';

/** What somebody adds who forgets about access: no rule, a rule for the whole class, a class of its own. */
@Controller('api/forgotten')
class ForgottenController {
  @Get()
  read(): string {
    return 'secret';
  }

  @Post(':id')
  write(): string {
    return 'secret';
  }
}

@Controller('api/forgotten-class')
class RuleOfClassController {
  @Get()
  read(): string {
    return 'secret';
  }
}
Reflect.defineMetadata(ACCESS_RULE, { open: true }, RuleOfClassController);

interface Handler {
  readonly name: string;
  /** `GET /api/licensing/token`, as the document writes it. */
  readonly operation: string;
  readonly rule: AccessRule | undefined;
  /** What it answers with where it succeeds. */
  readonly status: number;
}

/** Every handler that Nest knows. */
function handlersOf(application: HttpApplication): Handler[] {
  const found: Handler[] = [];
  for (const module of application.nest.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) {
      const prototype = (metatype as Type).prototype as Record<string, unknown>;
      const [base] = [Reflect.getMetadata(PATH_METADATA, metatype as Type) as string].flat();
      for (const name of Object.getOwnPropertyNames(prototype)) {
        const handler = prototype[name];
        if (typeof handler !== 'function' || !Reflect.hasMetadata(METHOD_METADATA, handler)) continue;
        const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod];
        const [path] = [Reflect.getMetadata(PATH_METADATA, handler) as string].flat();
        found.push({
          name: `${(metatype as Type).name}.${name}`,
          operation: `${method} ${template(`/${base}/${path}`)}`,
          rule: Reflect.getMetadata(ACCESS_RULE, handler) as AccessRule | undefined,
          status:
            (Reflect.getMetadata(HTTP_CODE_METADATA, handler) as number | undefined) ??
            (method === 'POST' ? 201 : 200),
        });
      }
    }
  }
  return found;
}

/** What a rule wants, as the document writes it. */
function wordsOf(rule: AccessRule): string {
  if ('open' in rule) return 'none';
  return rule.action === SIGNED_IN ? SIGNED_IN : describeRequirement(rule.action);
}

/** A path of Nest or Express, as the document writes it. */
function template(path: string): string {
  const plain = path.replaceAll(/\/{2,}/g, '/').replaceAll(/:(\w+)/g, '{$1}');
  return plain === '/' ? plain : plain.replace(/\/$/, '');
}

/** Every route that Express would dispatch; those of middleware have no path. */
function routesOf(application: HttpApplication): string[] {
  const express = application.nest.getHttpAdapter().getInstance() as { router: never };
  return new RouteTable(express.router).routes.flatMap(({ path, methods }) =>
    methods.filter((method) => method !== 'HEAD').map((method) => `${method} ${template(path)}`),
  );
}

describe('The routes', () => {
  let database: TestDatabase;
  let service: HttpApplication;
  let extended: HttpApplication;
  let url: string;

  async function create(...controllers: Type[]): Promise<HttpApplication> {
    const config = loadServiceConfig({ DATABASE_URL: database.url, BOOTSTRAP_TOKEN });
    const module = AppModule.of(config, systemClock);
    return HttpApplication.create(
      { ...module, controllers: [...(module.controllers ?? []), ...controllers] },
      { logger: createLogger('silent'), quietRoute: '' },
    );
  }

  beforeAll(async () => {
    database = await testDatabase();
    service = await create();
    extended = await create(ForgottenController, RuleOfClassController);
    await extended.nest.get(Database).start();
    await extended.nest.get(SnapshotService).start();
    url = await extended.listen('127.0.0.1', 0);
  });

  afterAll(async () => {
    await service.close(0);
    await extended.close(0);
    await database.drop();
  });

  it('each have exactly one access rule, and it names an action that exists', () => {
    const handlers = handlersOf(service);
    expect(handlers.length).toBeGreaterThan(10);
    for (const { name, rule } of handlers) {
      expect([name, rule]).toEqual([name, expect.anything()]);
      const members = Object.keys(rule ?? {}).join();
      expect([name, members]).toEqual([
        name,
        expect.stringMatching(/^(action,fromMemory,isFrequent,isBatched|open)$/),
      ]);
      if (rule === undefined || 'open' in rule) continue;
      for (const action of actionsIn(wordsOf(rule))) expect(ACTIONS).toContain(action);
    }
  });

  it('that are answered under any load are these alone', () => {
    const answered = handlersOf(service).flatMap(({ operation, rule }) =>
      rule !== undefined && 'action' in rule && rule.fromMemory ? [operation] : [],
    );
    expect(answered.sort()).toEqual([
      'GET /api/access-control/status',
      'GET /api/access-control/user/permissions',
      'GET /api/licensing/check',
      'GET /api/licensing/check/explain',
      'GET /api/licensing/renewal',
      'GET /api/licensing/timeline',
      'GET /api/licensing/token',
      'GET /ui/session',
    ]);
  });

  it('of Express are those of the controllers, each by one handler', () => {
    const handled = handlersOf(service).map(({ operation }) => operation);
    expect(new Set(handled).size).toBe(handled.length);
    expect(routesOf(service).sort()).toEqual(handled.sort());
  });

  it('are the operations of the document, with the action that it names, in both directions', () => {
    const documented = operations().map(
      ({ method, path, requiredAction }) => `${method} ${path} ${requiredAction}`,
    );
    const built = handlersOf(service).map(
      ({ operation, rule }) => `${operation} ${rule === undefined ? 'nothing' : wordsOf(rule)}`,
    );
    expect(built.sort()).toEqual(documented.sort());
  });

  it('answer with the one success status of their operation', () => {
    const statuses = Object.fromEntries(
      operations().map(({ method, path }) => {
        const item = openApi.paths[path]?.[method.toLowerCase() as 'get'];
        return [`${method} ${path}`, Object.keys(item?.responses ?? {}).find((code) => code.startsWith('2'))];
      }),
    );
    for (const { operation, status } of handlersOf(service)) {
      // It has no success.
      if (operation === 'POST /api/auth/keys') continue;
      expect([operation, String(status)]).toEqual([operation, statuses[operation]]);
    }
  });

  it.each([
    ['GET', '/api/forgotten'],
    ['HEAD', '/api/forgotten'],
    ['POST', '/api/forgotten/1'],
    ['GET', '/api/forgotten-class'],
  ])('without a rule of their own let nobody in: %s %s', async (method, path) => {
    const anonymous = await fetch(`${url}${path}`, { method });
    expect(anonymous.status).toBe(401);
    const known = await fetch(`${url}${path}`, {
      method,
      headers: { Authorization: `Bearer ${BOOTSTRAP_TOKEN}` },
    });
    expect(known.status).toBe(403);
    const text = `${await anonymous.text()}${await known.text()}`;
    expect(text).not.toContain('secret');
  });

  it('are let in by the same caller where they have a rule', async () => {
    const known = await fetch(`${url}/api/licensing/check`, {
      headers: { Authorization: `Bearer ${BOOTSTRAP_TOKEN}` },
    });
    expect(known.status).toBe(200);
  });

  it('cannot have two rules: the second would silently win', () => {
    const declare = (...decorators: MethodDecorator[]) => {
      class Confused {
        handler(): void {}
      }
      const descriptor = Object.getOwnPropertyDescriptor(Confused.prototype, 'handler') as PropertyDescriptor;
      for (const decorator of decorators) decorator(Confused.prototype, 'handler', descriptor);
    };
    expect(() => declare(RequireAction('licensing:read'))).not.toThrow();
    expect(() => declare(RequireAction('licensing:read'), OpenToAll())).toThrow(
      'handler has two access rules',
    );
    expect(() => declare(OpenToAll(), RequireAction('licensing:read'))).toThrow(
      'handler has two access rules',
    );
  });
});
