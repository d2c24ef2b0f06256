import { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { Turns } from '../../src/http/turns.js';

describe('The turns of connections', () => {
  const sockets: Socket[] = [];
  let turns: Turns;
  let begun: string[];

  beforeEach(() => {
    turns = new Turns();
    begun = [];
  });

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  function connection(): Socket {
    const socket = new Socket();
    sockets.push(socket);
    return socket;
  }

  function take(socket: Socket, ...names: string[]): void {
    for (const name of names) turns.take(socket, () => begun.push(name));
  }

  it('begin one request of each connection, and the others in the next ones, in their order', async () => {
    const [a, b] = [connection(), connection()];
    take(a, 'a1', 'a2', 'a3');
    take(b, 'b1', 'b2');
    expect(begun).toEqual(['a1', 'b1']);
    await turn();
    take(a, 'a4');
    expect(begun).toEqual(['a1', 'b1', 'a2', 'b2']);
    await turn();
    await turn();
    expect(begun).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'a4']);
    take(a, 'a5');
    expect(begun).toHaveLength(6);
    await turn();
    take(a, 'a6');
    expect(begun.slice(6)).toEqual(['a5']);
    await turn();
    expect(begun.slice(7)).toEqual(['a6']);
  });

  it('hang up on a client that pipelines deeper than 16, and begin nothing more of it', async () => {
    const socket = connection();
    // The first one is begun, and may be answered.
    const names = Array.from({ length: 1 + 16 }, (_, index) => String(index));
    take(socket, ...names);
    expect(socket.destroyed).toBe(false);
    take(socket, 'too deep', 'after it');
    expect(socket.destroyed).toBe(true);
    await turn();
    await turn();
    expect(begun).toEqual(['0']);
  });

  it('do at once what comes after requests that have begun, and else after those that wait', async () => {
    const [a, b] = [connection(), connection()];
    take(a, 'a1');
    turns.after(a, () => begun.push('after a1'));
    take(b, 'b1', 'b2');
    turns.after(b, () => begun.push('after b2'));
    expect(begun).toEqual(['a1', 'after a1', 'b1']);
    await turn();
    await turn();
    expect(begun.slice(3)).toEqual(['b2', 'after b2']);
  });

  it('drop what waits on a connection that closes', async () => {
    const socket = connection();
    take(socket, 'first', 'second');
    socket.destroy();
    await turn();
    take(socket, 'third');
    expect(begun).toEqual(['first']);
  });
});
