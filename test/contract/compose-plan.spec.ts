import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../scripts/check-compose.mjs', import.meta.url));
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
