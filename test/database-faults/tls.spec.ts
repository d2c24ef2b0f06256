import { appendFile, chmod, chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority } from '../support/certificates.js';
import { PostgresServer } from '../support/postgres-server.js';
import { ServiceProcess } from '../support/service-process.js';

/** The rows of docs/database.md: what comes of each way to ask for TLS. */
describe('TLS to the database', () => {
  const ours = new CertificateAuthority();
  const other = new CertificateAuthority();
  let server: PostgresServer;
  let directory: string;
  const files = { ours: '', other: '' };

  beforeAll(async () => {
    server = await PostgresServer.start();
    directory = await mkdtemp(join(tmpdir(), 'licentia-tls-'));
    files.ours = join(directory, 'ours.pem');
    files.other = join(directory, 'other.pem');
    await writeFile(files.ours, ours.cert);
    await writeFile(files.other, other.cert);
    // Its certificate is for the name alone, so that 127.0.0.1 is another name.
    const { cert, key } = ours.issue({ names: ['localhost'] });
    const data = join(server.directory, 'data');
    const { uid, gid } = await stat(join(data, 'postgresql.conf'));
    for (const [name, content] of [
      ['server.crt', cert],
      ['server.key', key],
    ] as const) {
      await writeFile(join(data, name), content);
      await chown(join(data, name), uid, gid);
      await chmod(join(data, name), 0o600);
    }
    await appendFile(join(data, 'postgresql.conf'), 'ssl = on\n');
    await server.shutDown();
    await server.start();
    await server.query('CREATE ROLE tls_only LOGIN SUPERUSER');
    const rules = 'hostssl all all all trust\nhostnossl all tls_only all reject\nhost all all all trust\n';
    await writeFile(join(data, 'pg_hba.conf'), rules);
    await server.query('SELECT pg_reload_conf()');
  });

  afterAll(async () => {
    await server.stop();
    await rm(directory, { recursive: true });
  });

  /** What `--migrate` comes to. @returns its exit code and what it wrote */
  const migrate = async (host: string, query: string, trustedCas?: keyof typeof files, user = 'tls_only') => {
    const service = ServiceProcess.spawn(
      {
        DATABASE_URL: `postgres://${user}@${host}:${server.port}/postgres${query}`,
        ...(trustedCas === undefined ? {} : { DATABASE_CA_PATH: files[trustedCas] }),
      },
      '--migrate',
    );
    return [await service.end(), service.output] as const;
  };

  it.each<[string, string, keyof typeof files | undefined, string, RegExp]>([
    ['localhost', '', undefined, 'refused', /pg_hba.conf/],
    ['localhost', '?sslmode=disable', undefined, 'refused', /pg_hba.conf/],
    ['localhost', '?sslmode=require', undefined, 'refused', /certificate.*DATABASE_CA_PATH/],
    ['localhost', '?sslmode=verify-full', undefined, 'refused', /certificate.*DATABASE_CA_PATH/],
    ['localhost', '', 'ours', 'connected', /up to date/],
    ['localhost', '?sslmode=require', 'ours', 'connected', /up to date/],
    ['localhost', '?sslmode=verify-full', 'ours', 'connected', /up to date/],
    ['localhost', '?sslmode=verify-full', 'other', 'refused', /certificate/],
    ['127.0.0.1', '?sslmode=verify-full', 'ours', 'refused', /does not match certificate|altnames/],
    ['127.0.0.1', '?sslmode=require', 'ours', 'refused', /altnames.*Name the server/],
    ['127.0.0.1', '?sslmode=verify-ca', 'ours', 'connected', /up to date/],
    ['localhost', '?sslmode=verify-ca', 'other', 'refused', /certificate/],
    ['127.0.0.1', '?sslmode=no-verify', undefined, 'connected', /up to date/],
  ])('%s%s with authorities %s is %s', async (host, query, trustedCas, outcome, said) => {
    const [code, output] = await migrate(host, query, trustedCas);
    expect(output).toMatch(said);
    expect(code).toBe(outcome === 'connected' ? 0 : 1);
    expect(output).not.toMatch(/Warning|WARNING|    at /);
  });

  it('is refused where the server has none', async () => {
    await server.query('ALTER SYSTEM SET ssl = off');
    await server.query('SELECT pg_reload_conf()');
    const [code, output] = await migrate('localhost', '?sslmode=require', 'ours', 'postgres');
    expect([code, output]).toEqual([1, expect.stringContaining('does not support SSL')]);
  });
});
