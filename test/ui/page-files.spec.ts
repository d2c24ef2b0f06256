import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RoutedResponse } from '../../src/http/replay.js';
import { Page } from '../../src/ui/page.js';
import { readPage } from '../../src/ui/page-files.js';

describe('The files of a page', () => {
  let directory: string;
  let server: Server | undefined;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'licentia-page-'));
    mkdirSync(join(directory, 'web/assets'), { recursive: true });
    writeFileSync(join(directory, 'web/index.html'), '<!doctype html><title>Page</title>');
    writeFileSync(join(directory, 'web/assets/text-1a2b3c.txt'), 'text '.repeat(100));
    writeFileSync(join(directory, 'secret.txt'), 'secret');
    symlinkSync(join(directory, 'secret.txt'), join(directory, 'web/assets/link.txt'));
  });
  afterEach(() => server?.close());
  afterAll(() => rmSync(directory, { recursive: true }));

  it('are those of its directory: no link leads out of it', () => {
    const files = readPage(join(directory, 'web'));
    expect([...files.keys()].toSorted()).toEqual(['assets/text-1a2b3c.txt', 'index.html']);
    expect([...files.values()].map(({ isImmutable }) => isImmutable).toSorted()).toEqual([false, true]);
  });

  it('are compressed where that is shorter', () => {
    const files = readPage(join(directory, 'web'));
    expect(files.get('assets/text-1a2b3c.txt')?.gzipped?.length).toBeLessThan(100);
    expect(files.get('index.html')?.gzipped).toBeUndefined();
  });

  it('are missed by name where the page is not built', async () => {
    const page = new Page(readPage(join(directory, 'nowhere')));
    server = createServer((request, response) => page.answer(request, response as RoutedResponse));
    await new Promise<void>((listening) => server?.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/ui/`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'text/plain; charset=utf-8']);
    expect(await answer.text()).toMatch(/^The page is not part of this build/);
  });
});
