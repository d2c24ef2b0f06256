import { Agent, request, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { loadIssuerServerConfig } from '../../src/config/issuer-server-config.js';
import { loadServiceConfig } from '../../src/config/service-config.js';
import { MAX_ISSUER_TIMEOUT_MS, requestDeadlineMs } from '../../src/domain/request-deadline.js';
import { connectionTimes } from '../../src/http/connection-times.js';
import { StableExpressAdapter } from '../../src/http/stable-express-adapter.js';

const sleep = async (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** How long balancers keep an idle connection by default, seconds: AWS ALB and nginx, Traefik, Caddy. */
const BALANCERS = [60, 60, 90, 120];

describe('The keep-alive time', () => {
  it('is by default longer than that of the usual balancers, of both programs', () => {
    for (const seconds of [
      loadServiceConfig({}).http.keepAliveSeconds,
      loadIssuerServerConfig({}).keepAliveSeconds,
    ]) {
      expect(seconds).toBeGreaterThan(Math.max(...BALANCERS));
    }
  });

  it.each([1, 60, 75, 76, 125, 3_600])(
    'of %i s is not cut short by the time-out for silence, which waits for the slowest issuer',
    (seconds) => {
      const { keepAliveTimeout, timeout } = connectionTimes(seconds);
      expect(keepAliveTimeout).toBe(seconds * 1_000);
      expect(timeout).toBeGreaterThanOrEqual(keepAliveTimeout);
      expect(timeout).toBeGreaterThan(requestDeadlineMs(MAX_ISSUER_TIMEOUT_MS));
    },
  );
});

@Controller()
class WordController {
  @Get('word')
  word(): string {
    return 'word';
  }
}

@Module({ controllers: [WordController] })
class WordModule {}

describe('A connection without a request', () => {
  const closers: (() => Promise<void> | void)[] = [];

  async function serve(keepAliveSeconds: number): Promise<{ server: Server; port: number }> {
    const adapter = new StableExpressAdapter(
      {
        onBegin: () => undefined,
        onEnd: () => undefined,
        onMalformed: () => undefined,
        onUnanswerable: () => undefined,
      },
      { keepAliveSeconds },
    );
    const nest = await NestFactory.create(WordModule, adapter, { logger: false });
    closers.push(async () => nest.close());
    await nest.listen(0, '127.0.0.1');
    const server = nest.getHttpServer() as Server;
    return { server, port: (server.address() as AddressInfo).port };
  }

  /** What a keep-alive client is told of the connection, and which one it was. */
  async function ask(port: number, agent: Agent): Promise<{ socket: Socket; keepAlive: unknown }> {
    return new Promise((resolve, reject) => {
      const outgoing = request({ host: '127.0.0.1', port, path: '/word', agent }, (response) => {
        const { socket } = response;
        response.resume().on('end', () => resolve({ socket, keepAlive: response.headers['keep-alive'] }));
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
  }

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  it('is told how long it stays', async () => {
    const { port } = await serve(125);
    const agent = new Agent({ keepAlive: true });
    closers.push(() => agent.destroy());
    expect((await ask(port, agent)).keepAlive).toBe('timeout=125');
  });

  it('stays that long, however short the time-outs of a request are', async () => {
    const { server, port } = await serve(10);
    server.headersTimeout = 200;
    server.requestTimeout = 300;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    closers.push(() => agent.destroy());
    const first = await ask(port, agent);
    // The server looks for late requests once a second.
    await sleep(2_300);
    expect((await ask(port, agent)).socket).toBe(first.socket);
  });

  it('is closed by the server when that is over, and no sooner', async () => {
    const { port } = await serve(1);
    const socket = connect(port, '127.0.0.1');
    closers.push(() => void socket.destroy());
    socket.write('GET /word HTTP/1.1\r\nHost: a\r\n\r\n');
    await new Promise((resolve) => socket.once('data', resolve));
    const answered = performance.now();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(performance.now() - answered).toBeGreaterThan(900);
  });
});
