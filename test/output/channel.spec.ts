import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Channel, MAX_WAITING } from '../../src/output/channel.js';
import { DescriptorSink } from '../../src/output/descriptor-sink.js';
import { StreamSink } from '../../src/output/stream-sink.js';

/** Long enough for anything that is not held up, milliseconds. */
const AMPLE = 60_000;

describe('A channel for lines', () => {
  let directory: string;
  const descriptors: number[] = [];
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'licentia-output-'));
  });

  afterEach(() => {
    for (const descriptor of descriptors.splice(0)) closeSync(descriptor);
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  function descriptor(path: string, flags: string): number {
    const opened = openSync(path, flags);
    descriptors.push(opened);
    return opened;
  }

  /** A pipe to a program that reads only what it is told to. */
  function pipe(script: string): { child: ChildProcess; stream: Writable; channel: Channel } {
    const child = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] });
    children.push(child);
    const stream = child.stdin;
    return { child, stream, channel: new Channel(() => new StreamSink(stream)) };
  }

  it('writes lines to a file, in their order', async () => {
    const path = join(directory, 'file');
    const file = descriptor(path, 'w');
    const channel = new Channel(() => new DescriptorSink(file));
    const lines = Array.from({ length: 5_000 }, (_, number) => `line ${number} ${'x'.repeat(40)}\n`);
    for (const line of lines) channel.write(line);
    await channel.flush(AMPLE);
    expect(readFileSync(path, 'utf8')).toBe(lines.join(''));
    expect(channel.lost).toBe(0);
  });

  it('writes the lines of one turn of the event loop at once, and what is printed in its place among them', async () => {
    const writes: string[] = [];
    const stream = new Writable({
      write: (chunk, _, done) => {
        writes.push(String(chunk));
        done();
      },
    });
    const channel = new Channel(() => new StreamSink(stream));
    for (const number of [1, 2, 3]) channel.write(`line ${number}\n`);
    expect(writes).toEqual([]);
    await new Promise((go) => setImmediate(go));
    expect(writes).toEqual(['line 1\nline 2\nline 3\n']);
    channel.write('line 4\n');
    const printed = channel.print('a result\n');
    channel.write('line 5\n');
    expect(await printed).toBeUndefined();
    await channel.flush(AMPLE);
    expect(writes.join('')).toBe('line 1\nline 2\nline 3\nline 4\na result\nline 5\n');
    channel.write('the last one\n');
    await channel.flush(AMPLE);
    expect(writes.at(-1)).toBe('the last one\n');
  });

  it.each([
    ['a full disk', () => descriptor('/dev/full', 'w'), 'ENOSPC'],
    ['a descriptor that is not open', () => 10_000, 'EBADF'],
  ])('loses what goes to %s, counts the lines, and tells who prints', async (_, open, code) => {
    const target = open();
    const channel = new Channel(() => new DescriptorSink(target));
    for (let number = 0; number < 1_000; number += 1) channel.write(`line ${number}\n`);
    expect(await channel.print('one\ntwo\n')).toMatchObject({ code });
    expect(channel.lost).toBe(1_002);
  });

  it('loses what goes to a reader that is gone, and counts it', async () => {
    const { child, channel } = pipe('exec 0<&-; echo closed; exec sleep 1000');
    await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
    expect(await channel.print('one\n')).toMatchObject({ code: 'EPIPE' });
    channel.write('two\n');
    await channel.flush(AMPLE);
    expect(channel.lost).toBe(2);
  });

  it('holds no more than its bound for a reader that stands still, and says afterwards where lines are missing', async () => {
    const { child, channel } = pipe('read go </dev/stdin; exec cat');
    const told: number[] = [];
    channel.onRecovery((lost) => {
      told.push(lost);
      channel.write(`lost ${lost}\n`);
    });
    const line = `${'x'.repeat(1023)}\n`;
    const lines = (3 * MAX_WAITING) / line.length;
    // The reader waits for a whole line, which is the last thing to come.
    child.stdin?.cork();
    for (let number = 0; number < lines; number += 1) channel.write(line);
    expect(channel.lost).toBe(lines - MAX_WAITING / line.length);
    const { lost } = channel;
    await channel.flush(50);
    expect(told).toEqual([]);

    let read = '';
    child.stdout?.on('data', (bytes: Buffer) => (read += String(bytes)));
    child.stdin?.uncork();
    await channel.flush(AMPLE);
    child.stdin?.end();
    await once(child, 'close');
    expect(told).toEqual([lost]);
    expect(read.endsWith(`x\nlost ${lost}\n`)).toBe(true);
  });

  it('gives up waiting when its time is over, and not before everything is written', async () => {
    const { channel } = pipe('exec sleep 1000');
    let printed = false;
    void channel.print('x'.repeat(1024 * 1024)).then(() => (printed = true));
    await channel.flush(50);
    expect(printed).toBe(false);
  });

  it('waits for the last byte, however slow the reader is', async () => {
    const { child, channel } = pipe('sleep 0.3; exec wc -c');
    let counted = '';
    child.stdout?.on('data', (bytes: Buffer) => (counted += String(bytes)));
    const length = 1024 * 1024;
    let printed = false;
    void channel.print('x'.repeat(length)).then(() => (printed = true));
    await channel.flush(AMPLE);
    expect(printed).toBe(true);
    child.stdin?.destroy();
    await once(child, 'close');
    expect(Number(counted)).toBe(length);
  });
});
