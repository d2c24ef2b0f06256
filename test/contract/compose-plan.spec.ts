import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../scripts/check-compose.mjs', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMPOSE_FILE = '../../scripts/compose/compose-file.mjs';
const compose = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8');

function plan(text = compose) {
  const directory = mkdtempSync(join(tmpdir(), 'licentia-plan-'));
  const file = join(directory, 'docker-compose.yml');
  writeFileSync(file, text);
  try {
    const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, '--plan', '--file', file], {
      encoding: 'utf8',
    });
    return { status, stderr, services: status === 0 ? JSON.parse(stdout) : [] };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

describe('what the check of the compose file makes of it', () => {
  it('starts what another service waits for first, with every lock that the file asks for', () => {
    const { services } = plan();
    expect(services.map(({ name }: { name: string }) => name)).toEqual([
      'postgres',
      'migrate',
      'licentia',
      'issuer',
    ]);
    for (const { options } of services)
      expect(options).toEqual(
        expect.arrayContaining([
          '--read-only=true',
          '--cap-drop=ALL',
          '--security-opt=no-new-privileges',
          '--memory=2g',
          '--pids-limit=256',
        ]),
      );
    const [postgres, migrate, licentia] = services;
    expect(licentia.options).toContain('--env=ISSUER_URL=http://issuer:3001');
    expect(postgres.options).toEqual(
      expect.arrayContaining([
        '--user=70:70',
        '--tmpfs=/run/postgresql',
        expect.stringMatching(/^--volume=\/.*\/deploy\/postgres:\/docker-entrypoint-initdb\.d:ro$/),
      ]),
    );
    expect([migrate.ends, migrate.command]).toEqual([true, ['dist/main.js', '--migrate']]);
    expect(licentia.buildArguments).toEqual({
      NODE_IMAGE: expect.stringMatching(/^node:24-bookworm-slim@sha256:[0-9a-f]{64}$/),
    });
  });

  it('scales by the override: one port, one address that is known, and the pooler before the database', async () => {
    const { networkOptions, readCompose } = (await import(COMPOSE_FILE)) as {
      networkOptions: (file: string) => string[];
      readCompose: (
        file: string,
        options: object,
      ) => { name: string; options: string[]; target?: { name: string } }[];
    };
    const services = readCompose(join(ROOT, 'docker-compose.yml'), {
      overrides: [join(ROOT, 'deploy/compose/scale.yml')],
    });
    expect(services.map(({ name }) => name)).toEqual([
      'postgres',
      'migrate',
      'pooler',
      'licentia',
      'balancer',
    ]);
    const named = Object.fromEntries(services.map((service) => [service.name, service.options]));
    expect(
      services.flatMap(({ options }) => options).filter((option) => option.startsWith('--publish')),
    ).toEqual(['--publish=127.0.0.1:3000:3000']);
    expect(named.balancer).toEqual(
      expect.arrayContaining([
        '--publish=127.0.0.1:3000:3000',
        '--ip=10.89.77.254',
        '--ulimit=nofile=16384:16384',
      ]),
    );
    expect(named.licentia).toEqual(
      expect.arrayContaining([
        '--env=TRUST_PROXY=10.89.77.254',
        '--env=DATABASE_URL_FILE=/run/secrets/pooled_database_url',
        '--env=DATABASE_MIGRATIONS=check',
      ]),
    );
    expect(named.migrate).toContain('--env=DATABASE_URL_FILE=/run/secrets/owner_database_url');
    for (const name of ['balancer', 'pooler'])
      expect(named[name]).toEqual(
        expect.arrayContaining(['--read-only=true', '--cap-drop=ALL', '--security-opt=no-new-privileges']),
      );
    // The balancer's own address is outside of the range that the others get theirs from.
    expect(networkOptions(join(ROOT, 'deploy/compose/scale.yml'))).toEqual(['--subnet=10.89.77.0/24']);
    expect(readFileSync(join(ROOT, 'deploy/compose/scale.yml'), 'utf8')).toContain('ip_range: 10.89.77.0/25');
    const dockerfile = readFileSync(join(ROOT, 'deploy/compose/Dockerfile'), 'utf8');
    const targets = services.flatMap(({ target }) => (target === undefined ? [] : [target.name]));
    expect([...dockerfile.matchAll(/ AS (\w+)$/gm)].map(([, name]) => name).sort()).toEqual(targets.sort());
    expect(/^ARG NODE_IMAGE=.*$/m.exec(dockerfile)?.[0]).toBe(
      /^ARG NODE_IMAGE=.*$/m.exec(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))?.[0],
    );
  });

  it.each([
    ['a key of a service', 'services:\n  postgres:\n', 'services:\n  postgres:\n    privileged: true\n'],
    ['a key of the file', 'volumes:\n  postgres:', 'networks: {}\nvolumes:\n  postgres:'],
    ['a key of a health check', '      interval: 5s', '      start_period: 5s\n      interval: 5s'],
    ['a condition', 'condition: service_healthy', 'condition: service_started'],
    ['a variable without a default', '${ISSUER_ID:-}', '${ISSUER_ID}'],
    ['a mount of the host', "'issuer:/data'", "'./data:/data'"],
    ['a read-only mount from elsewhere', "'issuer:/data'", "'/data:/data:ro'"],
    ['a key of a build', '      context: .', '      target: x\n      context: .'],
  ])('refuses %s that it does not understand', (_what, before, after) => {
    expect(compose).toContain(before);
    const { status, stderr } = plan(compose.replace(before, after));
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/not understood|condition|volume/);
  });
});
