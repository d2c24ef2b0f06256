import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { loadServiceConfig, SERVICE_SETTINGS } from '../../src/config/service-config.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CHART = join(ROOT, 'deploy/helm/licentia');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const chart = parse(read('deploy/helm/licentia/Chart.yaml')) as Record<string, string>;
const defaults = parse(read('deploy/helm/licentia/values.yaml')) as Record<string, unknown>;
const schema = JSON.parse(read('deploy/helm/licentia/values.schema.json'));

/** Of the settings, what the chart decides itself, and what names a file. */
const DECIDED = ['HOST', 'PORT', 'DATABASE_MIGRATIONS'];
const FILES = [
  'ACCESS_PROVISIONING_PATH',
  'DATABASE_CA_PATH',
  'ISSUER_CA_PATH',
  'ISSUER_JWKS_PATH',
  'LICENSE_PATH',
];

/** The least that has to be said. */
const LEAST = {
  image: { repository: 'registry.example.com/licentia' },
  settings: { ROOT_URL: 'https://licentia.example.com/' },
  secrets: { DATABASE_URL: { name: 'licentia-database', key: 'service' } },
  migrations: { secret: { name: 'licentia-database', key: 'owner' } },
};
/** All that can be said. */
const MOST = {
  ...LEAST,
  replicas: 5,
  image: {
    ...LEAST.image,
    digest: `sha256:${'0'.repeat(64)}`,
    pullSecrets: [{ name: 'registry' }],
  },
  settings: {
    ...LEAST.settings,
    ADMIN_USER: 'admin',
    RATE_LIMIT_WRITES_PER_MINUTE: '1000000',
    LICENSE_PRODUCTS: 'one, "two": {three}',
  },
  secrets: { ...LEAST.secrets, ADMIN_PASSWORD: { name: 'licentia-admin', key: 'password' } },
  files: {
    LICENSE_PATH: { kind: 'configMap', name: 'license', key: 'token' },
    DATABASE_CA_PATH: { kind: 'secret', name: 'database-ca', key: 'ca.crt' },
  },
  networkPolicy: { from: [{ namespaceSelector: {} }], egressPorts: [6432] },
  serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
  podAnnotations: { team: 'licensing' },
  nodeSelector: { disk: 'ssd' },
  tolerations: [{ key: 'a', operator: 'Exists' }],
};

describe('The values of the Helm chart', () => {
  const validate = new Ajv({
    strict: true,
    allErrors: true,
    strictRequired: false,
    strictTypes: false,
  }).compile(schema);
  const faultsOf = (given: object) => {
    validate(merged(defaults, given));
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };

  it('are those that the schema knows, and no other', () => {
    const { global: _, ...known } = schema.properties as Record<string, unknown>;
    expect(Object.keys(known).sort()).toEqual(Object.keys(defaults).sort());
    for (const [name, value] of Object.entries(defaults)) {
      const { properties } = (known as Record<string, { properties?: object }>)[name] ?? {};
      if (properties !== undefined && !['settings', 'secrets', 'files'].includes(name))
        expect([name, Object.keys(properties).sort()]).toEqual([name, Object.keys(value as object).sort()]);
    }
  });

  it('have exactly the settings of the service: plain ones, secrets and files', () => {
    const names = (key: string) => Object.keys(schema.properties[key].properties).sort();
    const settings = Object.entries(SERVICE_SETTINGS).filter(([name]) => !DECIDED.includes(name));
    const secrets = settings.filter(([, { secret }]) => secret).map(([name]) => name);
    expect(names('secrets')).toEqual(secrets.sort());
    expect(names('files')).toEqual(FILES);
    expect(names('settings')).toEqual(
      settings
        .map(([name]) => name)
        .filter((name) => !secrets.includes(name) && !FILES.includes(name))
        .sort(),
    );
  });

  it('are enough with the least, and right with the most', () => {
    expect(faultsOf(LEAST)).toEqual([]);
    expect(faultsOf(MOST)).toEqual([]);
    expect(faultsOf({ ...LEAST, migrations: { enabled: false } })).toEqual([]);
  });

  it.each<[string, object, string]>([
    ['no image', { ...LEAST, image: {} }, '/image/repository'],
    ['no address', { ...LEAST, settings: {} }, "/settings must have required property 'ROOT_URL'"],
    ['no database', { ...LEAST, secrets: {} }, "/secrets must have required property 'DATABASE_URL'"],
    ['no role for the job', { ...LEAST, migrations: {} }, '/migrations/secret/name'],
    ['a misspelled value', { ...LEAST, replicaCount: 3 }, 'must NOT have additional properties'],
    ['a misspelled setting', { ...LEAST, settings: { ...LEAST.settings, LOGLEVEL: 'info' } }, '/settings'],
    [
      'a number, which Helm writes as 1e+06',
      { ...LEAST, settings: { ...LEAST.settings, MAX_CONNECTIONS: 1000000 } },
      '/settings/MAX_CONNECTIONS must be string',
    ],
    ['a secret in the open', { ...LEAST, settings: { ...LEAST.settings, ADMIN_PASSWORD: 'x' } }, '/settings'],
    [
      'a secret as text',
      { ...LEAST, secrets: { ...LEAST.secrets, ADMIN_PASSWORD: 'x' } },
      '/secrets/ADMIN_PASSWORD must be object',
    ],
    ['a digest that is none', { ...LEAST, image: { ...LEAST.image, digest: 'latest' } }, '/image/digest'],
    ['no replica', { ...LEAST, replicas: 0 }, '/replicas'],
  ])('are refused with %s', (_, given, fault) => {
    expect(faultsOf(given).join('\n')).toContain(fault);
  });

  it('are shown in README.md: the example is accepted, and the table has each of them', () => {
    const readme = read('deploy/helm/licentia/README.md');
    const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(readme) ?? [];
    expect(faultsOf(parse(example.replace('sha256:…', `sha256:${'0'.repeat(64)}`)) as object)).toEqual([]);
    const rows = readme.split('\n').filter((line) => line.startsWith('| `'));
    const named = rows.flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`(\w+)/g)].map(([, name]) => name),
    );
    expect(Object.keys(defaults).filter((name) => !named.includes(name))).toEqual([]);
  });

  it('name the release of the service', () => {
    expect(chart.appVersion).toBe((JSON.parse(read('package.json')) as { version: string }).version);
  });
});

// Needs Debian's golang-go, golang-github-masterminds-sprig-dev and golang-k8s-sigs-yaml-dev. CI has them.
const GO = { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOFLAGS: '' };
const hasGo =
  spawnSync('go', ['list', 'github.com/Masterminds/sprig', 'sigs.k8s.io/yaml'], { env: GO }).status === 0;
const describeWithGo = hasGo ? describe : describe.skip;

/** A part of a manifest. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into it as they please
type Manifest = any;

describeWithGo('The Helm chart, rendered', () => {
  let directory: string;
  let least: Record<string, Manifest>;
  let most: Record<string, Manifest>;

  const run = (given: object, release = 'test') =>
    spawnSync(join(directory, 'render'), [CHART, release], {
      input: JSON.stringify(given),
      encoding: 'utf8',
    });

  /** By file; NOTES.txt is text. */
  const render = (given: object, release?: string): Record<string, Manifest> => {
    const { stdout, stderr } = run(given, release);
    expect(stderr).toBe('');
    return Object.fromEntries(
      Object.entries(JSON.parse(stdout) as Record<string, string>).map(([file, text]) => {
        expect(text).not.toContain('<no value>');
        return [file, file.endsWith('.yaml') ? parse(text, { strict: true }) : text];
      }),
    );
  };

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'licentia-helm-'));
    execFileSync('go', ['build', '-o', join(directory, 'render'), join(ROOT, 'scripts/helm/render.go')], {
      env: GO,
    });
    least = render(LEAST);
    most = render(MOST);
  }, 240_000);

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const podOf = (manifest: Manifest) => manifest.spec.template.spec;
  const containerOf = (manifest: Manifest) => podOf(manifest).containers[0];
  const environmentOf = (manifest: Manifest): Record<string, string> =>
    Object.fromEntries(
      containerOf(manifest).env.map(({ name, value }: { name: string; value: string }) => [name, value]),
    );
  /** The files that a pod sees: path, and what it is of. */
  const filesOf = (manifest: Manifest) => {
    const [{ mountPath, readOnly }] = containerOf(manifest).volumeMounts;
    expect([mountPath, readOnly]).toEqual(['/run/licentia', true]);
    return podOf(manifest).volumes[0].projected.sources.flatMap((source: Manifest) =>
      Object.entries<Manifest>(source).map(([kind, { name, items }]) => [
        `${mountPath}/${items[0].path}`,
        `${kind} ${name} ${items[0].key}`,
      ]),
    );
  };

  it('has no name that Kubernetes takes for too long, also with the longest name of a release', () => {
    const manifests = Object.values(render(MOST, 'a'.repeat(53)));
    const names = manifests.flatMap((manifest) => (manifest?.metadata?.name as string | undefined) ?? []);
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((name) => name.length > 63)).toEqual([]);
  });

  it('is these objects', () => {
    const kinds = (manifests: Record<string, Manifest>) =>
      Object.values(manifests)
        .filter((manifest) => manifest !== null && typeof manifest === 'object')
        .map(({ apiVersion, kind }) => `${apiVersion} ${kind}`)
        .sort();
    const always = [
      'apps/v1 Deployment',
      'batch/v1 Job',
      'networking.k8s.io/v1 NetworkPolicy',
      'policy/v1 PodDisruptionBudget',
      'v1 Service',
    ];
    expect(kinds(least)).toEqual(always);
    expect(kinds(most)).toEqual([...always, 'monitoring.coreos.com/v1 ServiceMonitor'].sort());
    const off = { enabled: false };
    const few = { ...LEAST, migrations: off, disruptionBudget: off, networkPolicy: off };
    expect(kinds(render(few))).toEqual(['apps/v1 Deployment', 'v1 Service']);
  });

  it('gives the service an environment that it accepts, and secrets as files alone', () => {
    const environment = environmentOf(most['deployment.yaml']);
    expect(environment).toEqual({
      ...MOST.settings,
      DATABASE_MIGRATIONS: 'check',
      DATABASE_URL_FILE: '/run/licentia/DATABASE_URL',
      ADMIN_PASSWORD_FILE: '/run/licentia/ADMIN_PASSWORD',
      DATABASE_CA_PATH: '/run/licentia/DATABASE_CA_PATH',
      LICENSE_PATH: '/run/licentia/LICENSE_PATH',
    });
    const { DATABASE_URL_FILE, ADMIN_PASSWORD_FILE, DATABASE_CA_PATH, ...rest } = environment;
    expect([DATABASE_URL_FILE, ADMIN_PASSWORD_FILE, DATABASE_CA_PATH]).not.toContain(undefined);
    const config = loadServiceConfig({
      ...rest,
      DATABASE_URL: 'postgres://licentia_service@postgres/licentia',
      ADMIN_PASSWORD: 'a-secret-of-some-length',
    });
    expect(config.products).toEqual(['one', '"two": {three}']);
    expect(Object.fromEntries(filesOf(most['deployment.yaml']))).toEqual({
      '/run/licentia/DATABASE_URL': 'secret licentia-database service',
      '/run/licentia/ADMIN_PASSWORD': 'secret licentia-admin password',
      '/run/licentia/DATABASE_CA_PATH': 'secret database-ca ca.crt',
      '/run/licentia/LICENSE_PATH': 'configMap license token',
    });
  });

  it('updates the tables before, by a job with the role of the owner, and its service has none of it', () => {
    const job = most['migrations.yaml'];
    expect(job.metadata.annotations['helm.sh/hook']).toBe('pre-install,pre-upgrade');
    expect(containerOf(job).args).toEqual(['dist/main.js', '--migrate']);
    expect(environmentOf(job)).toEqual({
      DATABASE_URL_FILE: '/run/licentia/DATABASE_URL',
      DATABASE_CA_PATH: '/run/licentia/DATABASE_CA_PATH',
    });
    expect(Object.fromEntries(filesOf(job))).toEqual({
      '/run/licentia/DATABASE_URL': 'secret licentia-database owner',
      '/run/licentia/DATABASE_CA_PATH': 'secret database-ca ca.crt',
    });
    expect(JSON.stringify(most['deployment.yaml'])).not.toContain('owner');
  });

  it('locks both in, as the compose file and the image do', () => {
    for (const manifest of [least['deployment.yaml'], least['migrations.yaml'], most['migrations.yaml']]) {
      expect(podOf(manifest)).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000,
          runAsGroup: 1000,
          fsGroup: 1000,
          seccompProfile: { type: 'RuntimeDefault' },
        },
      });
      expect(containerOf(manifest).securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(containerOf(manifest).resources.limits.memory).toBeDefined();
      // Its owner and its group read it: 0440.
      expect(podOf(manifest).volumes[0].projected.defaultMode).toBe(0o440);
    }
    expect(read('Dockerfile')).toMatch(/^USER 1000:1000$/m);
  });

  it('uses the port and the paths of the image and of the service', () => {
    const container = containerOf(least['deployment.yaml']);
    const [, port] = /^EXPOSE (\d+)$/m.exec(read('Dockerfile')) ?? [];
    expect(container.ports).toEqual([{ name: 'http', containerPort: Number(port) }]);
    expect(read('docker-compose.yml')).toContain(`{PORT:-3000}:${port}'`);
    expect(read('docker-compose.yml')).toContain("command: ['dist/main.js', '--migrate']");
    const paths = Object.keys((parse(read('docs/openapi.yaml')) as { paths: object }).paths);
    for (const [probe, path] of [
      ['startupProbe', '/healthz'],
      ['livenessProbe', '/healthz'],
      ['readinessProbe', '/readyz'],
    ] as const) {
      expect(container[probe].httpGet).toEqual({ path, port: 'http' });
      expect(paths).toContain(path);
    }
    const [endpoint] = most['service-monitor.yaml'].spec.endpoints;
    expect(endpoint).toMatchObject({ port: 'http', path: '/metrics', interval: '30s' });
    expect(paths).toContain('/metrics');
    expect(least['service.yaml'].spec.ports).toEqual([{ name: 'http', port: 3000, targetPort: 'http' }]);
  });

  it('gives a pod time to end, and never takes two at a time', () => {
    const { terminationGracePeriodSeconds } = podOf(least['deployment.yaml']);
    const [, pause] = containerOf(least['deployment.yaml']).lifecycle.preStop.exec.command;
    const compose = parse(read('docker-compose.yml'), { merge: true });
    const needed = Number.parseInt(compose.services.licentia.stop_grace_period as string, 10);
    expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(Number(pause) + needed);
    expect(least['deployment.yaml'].spec.strategy.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
    expect(least['disruption-budget.yaml'].spec.maxUnavailable).toBe(1);
  });

  it('selects the pods of the service, and lets nothing else through', () => {
    const { metadata } = least['deployment.yaml'].spec.template;
    const has = (selector: object) => expect(metadata.labels).toMatchObject(selector);
    has(least['deployment.yaml'].spec.selector.matchLabels);
    has(least['service.yaml'].spec.selector);
    has(least['disruption-budget.yaml'].spec.selector.matchLabels);
    has(least['network-policy.yaml'].spec.podSelector.matchLabels);
    expect(least['service.yaml'].metadata.labels).toMatchObject(
      most['service-monitor.yaml'].spec.selector.matchLabels,
    );
    // The job's pods are none of the service's.
    expect(least['migrations.yaml'].spec.template.metadata.labels).not.toMatchObject(
      least['service.yaml'].spec.selector,
    );
    const dns = [
      { protocol: 'UDP', port: 53 },
      { protocol: 'TCP', port: 53 },
    ];
    expect(least['network-policy.yaml'].spec).toMatchObject({
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ ports: [{ protocol: 'TCP', port: 'http' }] }],
      egress: [{ ports: [...dns, { protocol: 'TCP', port: 5432 }, { protocol: 'TCP', port: 443 }] }],
    });
    expect(most['network-policy.yaml'].spec).toMatchObject({
      ingress: [{ from: [{ namespaceSelector: {} }] }],
      egress: [{ ports: [...dns, { protocol: 'TCP', port: 6432 }] }],
    });
  });

  it('takes the image by its digest, else by the release', () => {
    const image = (manifests: Record<string, Manifest>) => [
      containerOf(manifests['deployment.yaml']).image,
      containerOf(manifests['migrations.yaml']).image,
    ];
    const digest = `registry.example.com/licentia@sha256:${'0'.repeat(64)}`;
    expect(image(most)).toEqual([digest, digest]);
    expect(image(least)[0]).toBe(`registry.example.com/licentia:${chart.appVersion}`);
    const { status, stderr } = run({ ...LEAST, image: {} });
    expect([status, stderr]).toEqual([1, expect.stringContaining('no image is published')]);
  });

  it('says what is next', () => {
    expect(least['NOTES.txt']).toContain('http://test-licentia.licensing:3000/');
    expect(least['NOTES.txt']).toContain('settings.TRUST_PROXY');
    expect(least['NOTES.txt']).not.toContain('--migrate');
    expect(render({ ...LEAST, migrations: { enabled: false } })['NOTES.txt']).toContain(
      'dist/main.js --migrate',
    );
  });
});

/** As Helm does it: objects key by key, everything else whole. */
function merged(below: Record<string, unknown>, above: object): Record<string, unknown> {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const result = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const known = result[key];
    result[key] = isObject(value) && isObject(known) ? merged(known, value) : value;
  }
  return result;
}
