import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Connections } from '../../src/http/connections.js';
import type { RequestContext } from '../../src/http/request-context.js';

describe('Open connections', () => {
  let server: Server;
  const clients: Socket[] = [];
  const accepted: Socket[] = [];
  let onConnection: (socket: Socket) => void;

  beforeEach(async () => {
    server = createServer((socket) => {
      accepted.push(socket);
      socket.on('error', () => undefined);
      onConnection(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(async () => {
    for (const socket of [...clients.splice(0), ...accepted.splice(0)]) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  /** Opens a connection. @returns the server's end of it */
  async function open(): Promise<Socket> {
    const arrived = once(server, 'connection') as Promise<[Socket]>;
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    client.on('error', () => undefined);
    clients.push(client);
    return (await arrived)[0];
  }

  /** A request on a connection, by a caller or by nobody. @returns what ends its answer */
  function begin(connections: Connections, socket: Socket, callerId?: string): (() => void) | undefined {
    const response = new EventEmitter() as ServerResponse;
    if (!connections.begin(socket, response, { callerId } as RequestContext)) return undefined;
    connections.wait(socket, response);
    return () => response.emit('close');
  }

  it('are never more than fit: the oldest that nobody was let in by goes first', async () => {
    const connections = new Connections(3);
    onConnection = (socket) => connections.admit(socket);
    const [a, b, c] = [await open(), await open(), await open()];
    begin(connections, a, 'service-account:1')?.();
    begin(connections, b)?.();
    const d = await open();
    expect([a, b, c, d].map(({ destroyed }) => destroyed)).toEqual([false, true, false, false]);
    const e = await open();
    expect([a, c, d, e].map(({ destroyed }) => destroyed)).toEqual([false, true, false, false]);
    expect(connections.size).toBe(3);
  });

  it('are all ended, at work or not', async () => {
    const connections = new Connections(3);
    onConnection = (socket) => connections.admit(socket);
    const all = [await open(), await open(), await open()];
    begin(connections, all[0] as Socket, 'service-account:1');
    connections.destroyAll();
    expect(all.map(({ destroyed }) => destroyed)).toEqual([true, true, true]);
  });

  it('of known callers give way when they are idle, and never while a request is under way', async () => {
    const connections = new Connections(2);
    onConnection = (socket) => connections.admit(socket);
    const [working, idle] = [await open(), await open()];
    const end = begin(connections, working, 'service-account:1');
    begin(connections, idle, 'service-account:2')?.();
    const next = await open();
    expect([working, idle, next].map(({ destroyed }) => destroyed)).toEqual([false, true, false]);
    begin(connections, next, 'service-account:3');
    const refused = await open();
    expect([working, next, refused].map(({ destroyed }) => destroyed)).toEqual([false, false, true]);
    end?.();
    await open();
    expect([working, next].map(({ destroyed }) => destroyed)).toEqual([true, false]);
  });

  it('of one caller at work give way when that caller has more than a quarter of all, idle ones first', async () => {
    const connections = new Connections(8);
    onConnection = (socket) => connections.admit(socket);
    const greedy = [await open(), await open(), await open(), await open(), await open(), await open()];
    const ends = greedy.map((socket) => begin(connections, socket, 'license:greedy'));
    const others = [await open(), await open()];
    for (const socket of others) begin(connections, socket, 'license:other');
    ends[4]?.();
    const newcomers = [];
    for (const callerId of ['license:a', 'license:b', 'license:c']) {
      const newcomer = await open();
      begin(connections, newcomer, callerId);
      newcomers.push(newcomer);
    }
    expect(greedy.map(({ destroyed }) => destroyed)).toEqual([true, true, false, false, true, false]);
    // A stranger's connection does not go while one caller has too many.
    newcomers.push(await open());
    newcomers.push(await open());
    expect(greedy.filter(({ destroyed }) => !destroyed)).toHaveLength(2);
    expect([...others, ...newcomers].map(({ destroyed }) => destroyed)).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((at) => at === 5),
    );
    expect(connections.size).toBe(8);
  });

  it('are counted for the caller of their latest request', async () => {
    const connections = new Connections(4);
    onConnection = (socket) => connections.admit(socket);
    const [a, b, c, d] = [await open(), await open(), await open(), await open()];
    for (const socket of [a, b]) begin(connections, socket, 'one')?.();
    for (const socket of [a, b]) begin(connections, socket, 'two');
    begin(connections, c, 'one');
    begin(connections, d, 'three');
    await open();
    expect([a, b, c, d].map(({ destroyed }) => destroyed)).toEqual([true, false, false, false]);
  });

  it('of several callers who have a quarter each at work make room for one more caller', async () => {
    const connections = new Connections(8);
    onConnection = (socket) => connections.admit(socket);
    const open8 = [];
    for (let at = 0; at < 8; at += 1) open8.push(await open());
    open8.forEach((socket, at) => begin(connections, socket, `license:${at % 4}`));
    const newcomer = await open();
    expect(newcomer.destroyed).toBe(false);
    expect(open8.filter(({ destroyed }) => destroyed)).toHaveLength(1);
  });

  it('stay known after any later request', async () => {
    const connections = new Connections(2);
    onConnection = (socket) => connections.admit(socket);
    const [known, other] = [await open(), await open()];
    begin(connections, known, 'service-account:1')?.();
    begin(connections, known)?.();
    begin(connections, known)?.();
    await open();
    expect([known, other].map(({ destroyed }) => destroyed)).toEqual([false, true]);
  });

  it('count for their caller and are idle as soon as a request is answered at once', async () => {
    const connections = new Connections(4);
    onConnection = (socket) => connections.admit(socket);
    const answerAtOnce = (socket: Socket, callerId: string) =>
      connections.begin(socket, new EventEmitter() as ServerResponse, { callerId } as RequestContext);
    const [a, b, c, d] = [await open(), await open(), await open(), await open()];
    begin(connections, a, 'one');
    answerAtOnce(b, 'one');
    begin(connections, c, 'two')?.();
    answerAtOnce(c, 'three');
    begin(connections, d, 'two')?.();
    await open();
    expect([a, b, c, d].map(({ destroyed }) => destroyed)).toEqual([false, true, false, false]);
  });

  it('tell once of each answer that was waited for, sent or not', async () => {
    const over: ServerResponse[] = [];
    const connections = new Connections(2, (response) => over.push(response));
    onConnection = (socket) => connections.admit(socket);
    const socket = await open();
    begin(connections, socket, 'one')?.();
    begin(connections, socket, 'one');
    begin(connections, socket, 'one');
    connections.begin(socket, new EventEmitter() as ServerResponse, {} as RequestContext);
    expect(over).toHaveLength(1);
    socket.destroy();
    await once(socket, 'close');
    await new Promise((resolve) => setImmediate(resolve));
    expect(over).toHaveLength(3);
  });

  it('leave room when they end', async () => {
    const connections = new Connections(2);
    onConnection = (socket) => connections.admit(socket);
    const [first, second] = [await open(), await open()];
    first.destroy();
    await once(first, 'close');
    expect(connections.size).toBe(1);
    await open();
    expect(second.destroyed).toBe(false);
  });

  it('have at most 16 unanswered requests', async () => {
    const connections = new Connections(2);
    onConnection = (socket) => connections.admit(socket);
    const socket = await open();
    for (let answered = 0; answered < 20; answered += 1) begin(connections, socket, 'x')?.();
    for (let waiting = 0; waiting < 16; waiting += 1) expect(begin(connections, socket, 'x')).toBeDefined();
    expect(socket.destroyed).toBe(false);
    expect(begin(connections, socket, 'x')).toBeUndefined();
    expect(socket.destroyed).toBe(true);
  });
});
