import { access, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explainFailure } from '../src/start-failure.js';

describe('What a program says of why it could not start or end', () => {
  it('names port and address of what cannot be listened on', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.on('listening', resolve));
    const { port } = taken.address() as { port: number };
    const error = await new Promise((resolve) =>
      createServer().on('error', resolve).listen(port, '127.0.0.1'),
    );
    expect(explainFailure(error)).toBe(
      `Port ${port} of 127.0.0.1 is in use already: stop what listens there, or set PORT to another one.`,
    );
    await new Promise((resolve) => taken.close(resolve));
  });

  it('says nothing of ports where a file is denied', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'licentia-start-'));
    const missing: unknown = await access(join(directory, 'x')).catch((error: unknown) => error);
    const denied = Object.assign(missing as Error, { code: 'EACCES', message: 'EACCES: permission denied' });
    expect(explainFailure(denied)).toContain('EACCES: permission denied');
    expect(explainFailure(denied)).not.toContain('listen');
    await rm(directory, { recursive: true });
  });
});
