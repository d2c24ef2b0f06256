import 'reflect-metadata';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { Module } from '@nestjs/common';
import { HttpApplication } from '../../src/http/http-application.js';
import { createLogger } from '../../src/http/logger.js';
import { MetricsController } from '../../src/http/metrics.controller.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { MetricsModule } from '../../src/metrics/metrics.module.js';

const CLIENTS = 20;

@Module({ imports: [MetricsModule], controllers: [MetricsController] })
class Root {}

describe('GET /metrics', () => {
  let application: HttpApplication;
  let port: number;
  let reads = 0;

  beforeAll(async () => {
    application = await HttpApplication.create(
      { module: Root },
      { logger: createLogger('silent'), quietRoute: '' },
    );
    application.nest.get(Metrics).gauge('reads', 'How often it was read.', {}, () => (reads += 1));
    port = Number(new URL(await application.listen('127.0.0.1', 0)).port);
  });

  afterAll(() => application.close(0));

  const client = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    // The first request of a connection comes with its acceptance.
    await scrape(socket);
    return socket;
  };

  const scrape = async (socket: Socket): Promise<number> => {
    socket.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n');
    let text = '';
    for (;;) {
      const [bytes] = (await once(socket, 'data')) as [Buffer];
      text += bytes.toString();
      const value = /^reads (\d+)$/m.exec(text)?.[1];
      if (value !== undefined) return Number(value);
    }
  };

  it('is put together once for all requests that wait for the process together', async () => {
    const sockets: Socket[] = [];
    for (let number = 0; number < CLIENTS; number += 1) sockets.push(await client());
    const before = reads;
    // All are written in one turn of the event loop, and so read in one.
    const values = await Promise.all(sockets.map(scrape));
    sockets.forEach((socket) => socket.destroy());
    expect(values).toHaveLength(CLIENTS);
    expect(reads - before).toBeLessThan(CLIENTS / 4);
  });

  it('is put together anew for a client that has read the answer before', async () => {
    const socket = await client();
    const first = await scrape(socket);
    expect(await scrape(socket)).toBe(first + 1);
    socket.destroy();
  });
});
