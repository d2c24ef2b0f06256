import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  type INestApplication,
  ImATeapotException,
  Module,
  Param,
  Post,
  Put,
  Query,
  Redirect,
  Req,
  Res,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import { StableExpressAdapter } from '../../src/http/stable-express-adapter.js';
import { type Message, type RawAnswer, send } from '../e2e/http/raw-http.js';

/** What of Express the handlers of an application may use. */
@Controller('things')
class ThingsController {
  @Get('params/:a/:b')
  params(@Param() params: Record<string, string>) {
    return { ...params };
  }

  @Get('query')
  query(@Query('a') a: unknown, @Query() all: object) {
    return { a, all: { ...all } };
  }

  @Post('body')
  body(@Body() body: unknown) {
    return { body };
  }

  @Put('status')
  @HttpCode(202)
  @Header('X-Own', 'yes')
  status() {
    return [1, 2, 3];
  }

  @Delete('nothing')
  @HttpCode(204)
  nothing(): void {}

  @Get('redirect')
  @Redirect('/elsewhere', 307)
  redirect(): void {}

  @Get('teapot')
  teapot(): never {
    throw new ImATeapotException({ message: 'short and stout' });
  }

  @Get('broken')
  async broken(): Promise<never> {
    throw new Error('the inside');
  }

  @Get('request/:id')
  request(@Req() request: Request) {
    const { ip, ips, hostname, host, protocol, secure, path, originalUrl, baseUrl, xhr, stale, subdomains } =
      request;
    return {
      ...{ ip, ips, hostname, host, protocol, secure, path, originalUrl, baseUrl, xhr, stale, subdomains },
      method: request.method,
      get: [request.get('X-Own'), request.header('x-own'), request.get('Referer'), request.get('nothing')],
      is: request.is('json'),
      accepts: [
        request.accepts('json', 'html'),
        request.acceptsLanguages('de', 'en'),
        request.acceptsCharsets('utf-8'),
      ],
      range: request.range(100),
      route: (request.route as { path: string }).path,
      params: { ...request.params },
      linked: [request.res?.req === request, request.app.enabled('anything')],
    };
  }

  @Get('response/json')
  json(@Res() response: Response): void {
    response.status(203).json({ own: true });
  }

  @Get('response/text')
  text(@Res() response: Response): void {
    response.set('X-Own', 'a').append('X-Own', 'b').type('txt').vary('Origin').send('text');
  }

  @Get('response/html')
  html(@Res() response: Response): void {
    response.send(`<p>${String(response.get('X-Own'))}</p>`);
  }

  @Get('response/bytes')
  bytes(@Res() response: Response): void {
    response.attachment('a.bin').send(Buffer.from([0, 1, 2]));
  }

  @Get('response/status')
  sendStatus(@Res() response: Response): void {
    response.sendStatus(451);
  }

  @Get('response/redirect')
  redirectTo(@Res() response: Response): void {
    response.redirect(303, '/things/query?a=1');
  }

  @Get('response/cookie')
  cookie(@Res() response: Response): void {
    response
      .cookie('name', 'value', { httpOnly: true })
      .location('/here')
      .links({ next: '/next' })
      .end('done');
  }

  @Get('response/format')
  format(@Res() response: Response): void {
    response.locals.word = 'said';
    response.format({
      json: () => response.jsonp({ word: response.locals.word as string }),
      text: () => response.send('x'),
    });
  }

  @Get('response/stream')
  stream(@Res() response: Response): void {
    response.write('a');
    setImmediate(() => response.end('b'));
  }

  @Get('truth')
  truth(): boolean {
    return true;
  }

  @Get('word')
  word(): string {
    return 'word';
  }

  @Get('plain')
  @Header('Content-Type', 'text/plain; charset=utf-8')
  plain(): string {
    return 'word';
  }

  @Get('null')
  empty(): null {
    return null;
  }
}

@Module({ controllers: [ThingsController] })
class ThingsModule {}

const OWN = { 'X-Own': 'mine', Referer: 'http://a/', 'Accept-Language': 'en', Range: 'bytes=0-9' };

describe("The adapter beside Nest's own", () => {
  const begun: IncomingMessage[] = [];
  const prototypes: (readonly [object, object])[] = [];
  let plain: { readonly nest: INestApplication; readonly url: string };
  let stable: { readonly nest: INestApplication; readonly url: string };

  async function start(adapter: ExpressAdapter) {
    const nest = await NestFactory.create(ThingsModule, adapter, { logger: false });
    nest.use((request: Request, response: Response, next: () => void) => {
      prototypes.push([Object.getPrototypeOf(request) as object, Object.getPrototypeOf(response) as object]);
      next();
    });
    await nest.listen(0, '127.0.0.1');
    return {
      nest,
      url: `http://127.0.0.1:${(nest.getHttpServer() as { address(): AddressInfo }).address().port}`,
    };
  }

  beforeAll(async () => {
    plain = await start(new ExpressAdapter());
    stable = await start(
      new StableExpressAdapter({
        onBegin: (request) => begun.push(request),
        onEnd: () => undefined,
        onMalformed: () => undefined,
        onUnanswerable: () => undefined,
      }),
    );
  });

  afterAll(async () => {
    await plain.nest.close();
    await stable.nest.close();
  });

  const ask = async (url: string, message: Message): Promise<RawAnswer> =>
    send(url, { ...message, documented: false, headers: { Host: 'host', ...message.headers } });

  /** Without what is different by intent on every answer. */
  function comparable({ status, headers, body }: RawAnswer) {
    const ours = ['cache-control', 'x-content-type-options', 'x-frame-options', 'x-request-id'];
    const theirs = ['x-powered-by', 'etag', 'date'];
    const left = Object.entries(headers).filter(([name]) => ![...ours, ...theirs].includes(name));
    return { status, headers: Object.fromEntries(left), body: body as unknown };
  }

  async function both(message: Message) {
    const [expected, actual] = [await ask(plain.url, message), await ask(stable.url, message)];
    return { expected: comparable(expected), actual: comparable(actual) };
  }

  it.each([
    ['GET', '/things/params/1/two'],
    ['GET', '/things/params/a%20b/%E2%82%AC'],
    ['GET', '/things/query'],
    ['GET', '/things/query?a=1&b=2&b=3&c='],
    ['GET', '/things/query?a=%20%2B+x'],
    ['PUT', '/things/status'],
    ['DELETE', '/things/nothing'],
    ['GET', '/things/redirect'],
    ['GET', '/things/teapot'],
    ['GET', '/things/broken'],
    ['GET', '/things/request/7?x=y'],
    ['GET', '/things/response/json'],
    ['GET', '/things/response/text'],
    ['GET', '/things/response/html'],
    ['GET', '/things/response/bytes'],
    ['GET', '/things/response/status'],
    ['GET', '/things/response/redirect'],
    ['GET', '/things/response/cookie'],
    ['GET', '/things/response/format'],
    ['GET', '/things/response/stream'],
    ['GET', '/things/plain'],
    ['GET', '/nothing'],
    ['GET', '/things/params/%zz/x'],
    ['HEAD', '/things/params/1/two'],
    ['HEAD', '/things/response/json'],
    ['HEAD', '/things/response/bytes'],
    ['HEAD', '/things/plain'],
    ['HEAD', '/nothing'],
    ['POST', '/things/query'],
  ])('answers %s %s in the same way', async (method, path) => {
    const { expected, actual } = await both({ method, path, headers: OWN });
    // The one difference of values that handlers return: see below.
    const type = expected.headers['content-type'];
    if (type === 'application/json; charset=utf-8' && actual.headers['content-type'] === 'application/json') {
      actual.headers['content-type'] = type;
    }
    expect(actual).toEqual(expected);
  });

  it.each([
    ['application/json', '{"a":[1,null,"€"]}'],
    ['application/json', '{broken'],
    ['application/x-www-form-urlencoded', 'a=1&b=2'],
    ['text/plain', 'text'],
  ])('reads a body of %s in the same way where it is asked to: %s', async (type, body) => {
    const { expected, actual } = await both({
      method: 'POST',
      path: '/things/body',
      headers: { 'Content-Type': type },
      body,
    });
    expect([actual.status, actual.body]).toEqual([expected.status, expected.body]);
  });

  it.each([
    ['true', '/things/truth', 'true'],
    ['a text', '/things/word', '"word"'],
    ['null', '/things/null', 'null'],
  ])('differs where a handler returns %s: it is sent as JSON', async (_, path, text) => {
    const answer = await ask(stable.url, { path: `${path}` });
    expect([answer.status, answer.text]).toEqual([200, text]);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers['content-length']).toBe(String(text.length));
  });

  it('differs in strict paths, and in plain queries', async () => {
    for (const path of ['/things/truth/', '/THINGS/truth', '/things/TRUTH']) {
      expect((await ask(plain.url, { path: `${path}` })).status).toBe(200);
      expect((await ask(stable.url, { path: `${path}` })).status).toBe(404);
    }
    const { body } = await ask(stable.url, { path: `/things/query?a[b]=1&__proto__[x]=2` });
    expect(body).toEqual({ all: { 'a[b]': '1', '__proto__[x]': '2' } });
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it('differs in telling neither what it runs on nor an ETag', async () => {
    const theirs = (await ask(plain.url, { path: `/things/response/json` })).headers;
    const ours = (await ask(stable.url, { path: `/things/response/json` })).headers;
    expect(Object.keys(theirs)).toEqual(expect.arrayContaining(['x-powered-by', 'etag']));
    expect(Object.keys(ours)).not.toEqual(expect.arrayContaining(['x-powered-by']));
    expect(Object.keys(ours)).not.toEqual(expect.arrayContaining(['etag']));
  });

  it('never changes the prototype of a request or a response: each has one from its beginning', async () => {
    const express = (nest: INestApplication) =>
      nest.getHttpAdapter().getInstance() as { request: object; response: object };
    begun.length = 0;
    prototypes.length = 0;
    const atBegin: object[] = [];
    const remember = begun.push.bind(begun);
    begun.push = (request) => {
      atBegin.push(Object.getPrototypeOf(request) as object);
      return remember(request);
    };
    for (const path of ['/things/truth', '/things/response/json', '/things/truth']) {
      await ask(stable.url, { path: `${path}` });
    }
    const { request, response } = express(stable.nest);
    expect(atBegin).toHaveLength(3);
    for (const prototype of atBegin) expect(prototype).toBe(request);
    expect(prototypes).toHaveLength(3);
    for (const [ofRequest, ofResponse] of prototypes) {
      expect(ofRequest).toBe(request);
      expect(ofResponse).toBe(response);
    }
    expect(express(plain.nest).request).not.toBe(request);
    for (const own of begun) expect(Object.getPrototypeOf(own)).toBe(request);
  });

  it('leaves Express itself as it was, for its next user', async () => {
    const third = await start(new ExpressAdapter());
    const answer = await ask(third.url, { path: `/things/request/1`, headers: OWN });
    expect(answer.body.get).toEqual(['mine', 'mine', 'http://a/', null]);
    await third.nest.close();
  });
});
