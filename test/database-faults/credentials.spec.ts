import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgresServer } from '../support/postgres-server.js';
import { ServiceProcess } from '../support/service-process.js';

/** A server that asks for passwords, as all but those of tests do. */
describe('Credentials that a server refuses', () => {
  let server: PostgresServer;
  let directory: string;

  beforeAll(async () => {
    server = await PostgresServer.start();
    directory = await mkdtemp(join(tmpdir(), 'licentia-credentials-'));
    await server.query("SET password_encryption = 'scram-sha-256'; CREATE ROLE app LOGIN PASSWORD 'right'");
    await server.query('CREATE ROLE other LOGIN');
    await server.query('CREATE DATABASE app OWNER app');
    const rules = 'host all postgres all trust\nhost all app all scram-sha-256\n';
    await writeFile(join(server.directory, 'data', 'pg_hba.conf'), rules);
    await server.query('SELECT pg_reload_conf()');
  });

  afterAll(async () => {
    await server.stop();
    await rm(directory, { recursive: true });
  });

  const url = (password = ':right', { database = 'app', role = 'app' } = {}) =>
    `postgres://${role}${password}@127.0.0.1:${server.port}/${database}`;

  async function file(content: string): Promise<string> {
    const path = join(directory, 'database_url');
    await writeFile(`${path}.new`, content);
    await rename(`${path}.new`, path);
    return path;
  }

  const readiness = async (service: ServiceProcess) => {
    const { status, text } = await service.call('GET', '/readyz');
    return [status, JSON.parse(text) as unknown];
  };

  const sentence = (output: string) =>
    output.split('\n').filter((line) => line.startsWith('The database that'));

  it.each<[string, () => string, RegExp]>([
    [
      'a wrong password',
      () => url(':wrong'),
      /authentication failed for user "app"\. Correct the user and the password/,
    ],
    ['no password', () => url(''), /password must be a string\. Correct the user and the password/],
    [
      'no such database',
      () => url(':right', { database: 'none' }),
      /database "none" does not exist\. Create it/,
    ],
    [
      'no line in pg_hba.conf',
      () => url('', { role: 'other' }),
      /no pg_hba\.conf entry.*\. Correct the user in/,
    ],
    ['no such parameter', () => `${url()}?options=-c%20nonsense%3D1`, /"nonsense"\. Correct the parameters/],
  ])('end the service at the start with 1 and a sentence: %s', async (_, address, expected) => {
    const service = ServiceProcess.spawn({ DATABASE_URL: address() });
    expect(await service.end()).toBe(1);
    expect(sentence(service.output)).toEqual([expect.stringMatching(expected)]);
    expect(service.output).not.toContain('    at ');
  });

  it.each<[string, () => ServiceProcess]>([
    ['the issuer', () => ServiceProcess.spawnIssuer({ DATABASE_URL: url(':wrong') })],
    [
      'the issuer’s --migrate',
      () => ServiceProcess.spawnIssuer({ DATABASE_URL: url(':wrong') }, '--migrate'),
    ],
    ['--migrate', () => ServiceProcess.spawn({ DATABASE_URL: url(':wrong') }, '--migrate')],
    ['--export', () => ServiceProcess.spawn({ DATABASE_URL: url(':wrong') }, '--export', '/dev/null')],
  ])('end %s too', async (_, spawn) => {
    const program = spawn();
    expect(await program.end()).toBe(1);
    expect(sentence(program.output)).toEqual([expect.stringContaining('Correct the user and the password')]);
    expect(program.output).not.toContain('    at ');
  });

  it('end a service that waited for its server, as soon as that is there', async () => {
    await server.shutDown();
    const service = await ServiceProcess.start({ DATABASE_URL: url(':right', { database: 'none' }) });
    try {
      expect(await readiness(service)).toEqual([503, { status: 'starting', reason: 'unreachable' }]);
    } finally {
      await server.start();
    }
    expect(await service.end()).toBe(1);
    expect(sentence(service.output)).toEqual([expect.stringContaining('Create it (CREATE DATABASE)')]);
    expect(service.output).toMatch(/"msg":"ended","reason":"the start failed: .*"code":1/);
  });

  it('are waited for where a file says them, with the reason in /readyz and in the log', async () => {
    const path = await file(url(':wrong'));
    const service = await ServiceProcess.start({ DATABASE_URL_FILE: path });
    const issuer = ServiceProcess.spawnIssuer({ DATABASE_URL_FILE: path });
    try {
      expect(await readiness(service)).toEqual([503, { status: 'starting', reason: 'credentials-refused' }]);
      expect(service.output).toMatch(/"reason":"The database that .*authentication failed.*Correct the user/);
      await issuer.said('Correct the user and the password');
      expect(await issuer.kill('SIGTERM')).toBe(0);
      await file(url());
      await service.said('everything is available: ready');
      expect(await readiness(service)).toEqual([200, { status: 'ready' }]);
    } finally {
      await issuer.kill('SIGKILL');
      expect(await service.kill('SIGTERM')).toBe(0);
    }
  });

  it('let a service that waits for other ones end at SIGTERM', async () => {
    const service = await ServiceProcess.start({ DATABASE_URL_FILE: await file(url(':wrong')) });
    expect(await service.kill('SIGTERM')).toBe(0);
  });

  it('leave a service that has memory to answer from up: it says the reason, and heals', async () => {
    const service = await ServiceProcess.start({ DATABASE_URL: url() });
    const until = async (expected: unknown) => {
      for (let last; JSON.stringify((last = await readiness(service))) !== JSON.stringify(expected);) {
        if (service.output.includes('"msg":"ended"')) throw new Error(JSON.stringify(last));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    try {
      await server.query("ALTER ROLE app PASSWORD 'another'");
      await server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'");
      await until([200, { status: 'ready', reason: 'credentials-refused' }]);
      expect((await service.call('GET', '/api/licensing/check')).status).toBe(200);
      expect(JSON.parse((await service.call('GET', '/api/health')).text)).toMatchObject({
        database: 'failing',
        reason: 'credentials-refused',
      });
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const said = service.output
        .split('\n')
        .filter((line) => line.includes('Correct the user and the password'));
      expect(said.map((line) => (JSON.parse(line) as { level: number }).level)).toEqual([50]);

      await server.query("ALTER ROLE app PASSWORD 'right'");
      await until([200, { status: 'ready' }]);
      await service.said('the database can be used again');
    } finally {
      await server.query("ALTER ROLE app PASSWORD 'right'");
      expect(await service.kill('SIGTERM')).toBe(0);
    }
  });

  it('do not end the sessions that work, where a file is ahead of its server', async () => {
    const service = await ServiceProcess.start({ DATABASE_URL_FILE: await file(url()) });
    try {
      await file(url(':later'));
      await service.said('DATABASE_URL_FILE changed');
      let number = 0;
      const write = async () =>
        (await service.call('POST', '/api/serviceaccounts', { name: `later ${(number += 1)}` })).status;
      const began = performance.now();
      while (performance.now() - began < 4_000) expect(await write()).toBe(201);
      await server.query("ALTER ROLE app PASSWORD 'later'");
      await service.said('new connections use what it says');
      expect(await write()).toBe(201);
    } finally {
      await server.query("ALTER ROLE app PASSWORD 'right'");
      await service.kill('SIGTERM');
    }
  });
});
