// Builds the image and brings docker-compose.yml up with podman, calls it, kills each container, and looks at the image.
// With --scaled also three replicas behind HAProxy and PgBouncer (deploy/compose/scale.yml).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, parseEnv } from 'node:util';
import { haveBaseImage, OutOfReachError } from './compose/base-images.mjs';
import { readCompose } from './compose/compose-file.mjs';
import { configure, mayContain, missingTools, PACKAGES, podman } from './compose/podman.mjs';
import { tryScaled } from './compose/scaled.mjs';

const HELP = `Builds the image and tries docker-compose.yml with its demo profile, for real, with podman.

Usage: npm run compose:check -- [options]

  --scaled        try deploy/compose/scale.yml too: three replicas behind HAProxy and PgBouncer, each killed
  --plan          print what the compose file means to podman, as JSON, and end; needs no podman
  --file <path>   another compose file (with --plan)
  --tools         end with 0 when the tools that it needs are here
  --packages      print the Debian packages that bring them
  --help          print this

Ends with 0 when all is well, 1 when something is not, 77 when it cannot run here (not root, no right to make namespaces, tools are missing, or no network for the base images) and says why.
Base images stay in ~/.cache/licentia-compose ($XDG_CACHE_HOME); everything else is removed.
`;
const SKIPPED = 77;
const MAX_HEALTH_MS = 180_000;
const ROOT = fileURLToPath(new URL('..', import.meta.url));

const { values: options } = parseArgs({
  options: {
    scaled: { type: 'boolean' },
    plan: { type: 'boolean' },
    tools: { type: 'boolean' },
    packages: { type: 'boolean' },
    file: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const variables = parseEnv(readFileSync(join(ROOT, 'deploy/demo.env'), 'utf8'));

if (options.help) process.stdout.write(HELP);
else if (options.tools) process.exitCode = missingTools().length > 0 ? 1 : 0;
else if (options.packages) console.log(PACKAGES);
else if (options.plan) {
  const file = options.file ?? join(ROOT, 'docker-compose.yml');
  console.log(JSON.stringify(readCompose(file, { variables, profiles: ['demo'] }), null, 2));
} else {
  const missing = missingTools();
  if (process.getuid() !== 0) skip('it needs root, for podman without a session and for debootstrap.');
  else if (missing.length > 0) skip(`${missing.join(', ')}: not here. apt-get install ${PACKAGES}`);
  else if (!mayContain()) skip('this root may make no namespaces, or no rules of a firewall.');
  else await check();
}

function skip(reason) {
  console.log(`SKIPPED: the image and the compose file were not tried: ${reason}`);
  process.exitCode = SKIPPED;
}

async function check() {
  const id = `licentia-check-${process.pid}`;
  const copy = mkdtempSync(join(tmpdir(), `${id}-`));
  const started = [];
  const image = `localhost/${id}`;
  const cleanUp = () => {
    for (const service of [...started].reverse())
      podman(['rm', '--force', '--volumes', '--time=0', container(service)], { mayFail: true });
    podman(['rm', '--force', '--volumes', '--time=0', `${id}-inspected`], { mayFail: true });
    podman(['network', 'rm', '--force', id], { mayFail: true });
    for (const { volumes } of started)
      for (const { volume } of volumes)
        podman(['volume', 'rm', '--force', `${id}-${volume}`], { mayFail: true });
    podman(['rmi', '--force', image], { mayFail: true });
    rmSync(copy, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => {
      cleanUp();
      process.exit(130);
    });
  const container = ({ name }) => `${id}-${name}`;

  try {
    configure();
    const planned = readCompose(join(ROOT, 'docker-compose.yml'), { variables, profiles: ['demo'] });
    const named = Object.fromEntries(planned.map((service) => [service.name, service]));
    const bases = {};
    for (const base of [named.licentia.buildArguments.NODE_IMAGE, named.postgres.image])
      try {
        await step(`There is a base image ${base}`, () => {
          const { image: found, isStandIn } = haveBaseImage(base);
          bases[base] = found;
          if (isStandIn)
            console.log(
              `NOTE: ${base} is a stand-in made of Debian's packages. This run proves our image and our compose file, not that base image.`,
            );
        });
      } catch (error) {
        if (!(error instanceof OutOfReachError)) throw error;
        return skip(`no base image ${base}: ${error.message}`);
      }

    await step('The image builds', () => build(image, copy, bases[named.licentia.buildArguments.NODE_IMAGE]));
    const port = await freePort();
    cpSync(join(ROOT, 'docker-compose.yml'), join(copy, 'docker-compose.yml'));
    cpSync(join(ROOT, 'deploy'), join(copy, 'deploy'), { recursive: true });
    execFileSync(join(copy, 'deploy/make-secrets.sh'), { stdio: 'pipe' });
    const services = readCompose(join(copy, 'docker-compose.yml'), {
      variables: { ...variables, PORT: String(port) },
      profiles: ['demo'],
    });
    const [postgres, licentia, issuer] = ['postgres', 'licentia', 'issuer'].map((name) =>
      services.find((service) => service.name === name),
    );
    const arguments_ = (service) => [
      `--network=${id}:alias=${service.name}`,
      ...service.options,
      ...service.volumes.map(({ volume, target }) => `--volume=${id}-${volume}:${target}`),
      service.built ? image : bases[service.image],
      ...service.command,
    ];

    podman(['network', 'create', id]);
    for (const service of services)
      await step(
        `${service.name} ${service.ends ? 'does its work and ends with 0' : 'comes up and is healthy'}`,
        async () => {
          started.push(service);
          podman(['run', '--detach', `--name=${container(service)}`, ...arguments_(service)]);
          if (service.ends)
            assert.equal(podman(['wait', container(service)], { seconds: MAX_HEALTH_MS / 1000 }).stdout, '0');
          else await healthy(container(service));
        },
      );

    await step('The role of the service is no superuser, owns nothing, and cannot change tables', () => {
      const ask = (sql) =>
        podman([
          'exec',
          container(postgres),
          'psql',
          '--no-psqlrc',
          '--tuples-only',
          '--no-align',
          '--username=postgres',
          '--dbname=licentia',
          `--command=${sql}`,
        ]).stdout;
      const role = "'licentia_service'::regrole";
      assert.equal(ask('SELECT count(*) FROM pg_roles WHERE rolsuper OR rolcreaterole OR rolcreatedb'), '1');
      assert.equal(ask(`SELECT count(*) FROM pg_shdepend WHERE refobjid = ${role} AND deptype = 'o'`), '0');
      assert.equal(ask("SELECT has_schema_privilege('licentia_service', 'public', 'CREATE')"), 'f');
      assert.equal(ask("SELECT has_table_privilege('licentia_service', 'license', 'INSERT')"), 't');
      assert.equal(ask("SELECT has_table_privilege('licentia_service', 'migration', 'INSERT')"), 'f');
      assert.equal(
        ask(
          "SELECT count(*) FROM pg_stat_activity WHERE datname = 'licentia' AND usename NOT IN ('licentia_service', 'postgres')",
        ),
        '0',
      );
    });
    await step('make-secrets.sh changes nothing the second time', () => {
      const before = readFileSync(join(copy, 'secrets/database_url'), 'utf8');
      assert.match(
        execFileSync(join(copy, 'deploy/make-secrets.sh'), { encoding: 'utf8' }),
        /nothing was made/,
      );
      assert.equal(readFileSync(join(copy, 'secrets/database_url'), 'utf8'), before);
    });

    const password = readFileSync(join(copy, 'secrets/admin_password'), 'utf8');
    const call = async (method, path, body) => {
      const response = await fetch(`http://127.0.0.1:${port}/api/licensing/${path}`, {
        method,
        headers: {
          Authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`,
          // podman is called synchronously, so that the end of a kept connection would be noticed too late.
          Connection: 'close',
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(15_000),
      });
      return { status: response.status, body: await response.json() };
    };
    /** As a caller does it who is told to come again: the service was up before the issuer, and spares it for a while. */
    const callPatiently = async (...args) => {
      for (const deadline = performance.now() + MAX_HEALTH_MS; ; await sleep(2000)) {
        const answer = await call(...args);
        if (answer.status !== 503 || performance.now() > deadline) return answer;
      }
    };
    let token;
    await step('A second process on the volume of the issuer is refused, and the issuer is unharmed', () => {
      const { status, stdout, stderr } = podman(
        [
          'run',
          '--rm',
          ...arguments_({
            ...issuer,
            options: issuer.options.filter((o) => !/^--(restart|health)/.test(o)),
            command: ['dist/cli/main.js', 'issuer', 'list', '--database'],
          }),
        ],
        { mayFail: true, seconds: 60 },
      );
      assert.notEqual(status, 0);
      assert.match(`${stdout}${stderr}`, /another process|in use|already/i);
    });
    await step('The running issuer issues a license, as docs/containers.md says', () => {
      const operator = (line) =>
        podman(['exec', container(issuer), 'licentia', 'issuer', ...line.split(' ')]).stdout;
      token = operator('issue --sub http://localhost:3000/ --company Example');
      assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
      assert.match(operator('list'), /^\S+\tactive\tExample\t/);
    });
    await step('Install, check, renew, DELETE and install again answer as the API says', async () => {
      assert.deepEqual(await call('GET', 'check'), { status: 200, body: false });
      const install = () => callPatiently('POST', 'token', { token });
      assert.equal((await install()).status, 200);
      assert.deepEqual(await call('GET', 'check'), { status: 200, body: true });
      const renewed = await callPatiently('POST', 'token/renew', {});
      assert.equal(renewed.status, 200, JSON.stringify(renewed.body));
      const instance = 'http://localhost:3000/';
      assert.deepEqual(await call('DELETE', 'token', { instance }), { status: 202, body: {} });
      assert.deepEqual(await call('GET', 'check'), { status: 200, body: false });
      assert.equal((await install()).status, 200);
    });
    const license = (await call('GET', 'token')).body.lid;
    for (const service of [licentia, postgres, issuer])
      await step(`${service.name} is killed, comes back, and the license is still there`, async () => {
        podman(['kill', '--signal=KILL', container(service)]);
        podman(['wait', container(service)], { mayFail: true, seconds: 30 });
        podman(['start', container(service)]);
        await healthy(container(service));
        await healthy(container(licentia));
        assert.deepEqual(await call('GET', 'check'), { status: 200, body: true });
        assert.equal((await call('GET', 'token')).body.lid, license);
        assert.equal((await callPatiently('POST', 'token/renew', {})).status, 200);
      });

    await step('PostgreSQL is locked in too: user 70, read-only root, no capabilities', () => {
      const inside = (...command) => podman(['exec', container(postgres), ...command], { mayFail: true });
      assert.equal(inside('id', '-u').stdout, '70');
      const status = inside('cat', '/proc/1/status').stdout;
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
        assert.match(status, new RegExp(`^${set}:\\s+0+$`, 'm'));
      assert.match(status, /^NoNewPrivs:\s+1$/m);
      assert.match(inside('touch', '/x').stderr, /Read-only file system/);
      assert.match(inside('touch', '/docker-entrypoint-initdb.d/x').stderr, /Read-only file system/);
    });
    await step('The containers are locked in: user 1000, read-only root, no capabilities', () => {
      for (const service of [licentia, issuer]) {
        const inside = (script) => podman(['exec', container(service), 'node', '--eval', script]).stdout;
        assert.equal(inside('console.log(process.getuid(), process.getgid())'), '1000 1000');
        const status = inside("console.log(require('fs').readFileSync('/proc/self/status', 'utf8'))");
        for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
          assert.match(status, new RegExp(`^${set}:\\s+0+$`, 'm'));
        assert.match(status, /^NoNewPrivs:\s+1$/m);
        for (const path of ['/x', '/app/x', '/app/dist/x', '/tmp/x'])
          assert.equal(
            inside(
              `try { require('fs').writeFileSync('${path}', ''); console.log('written') } catch (e) { console.log(e.code) }`,
            ),
            'EROFS',
            path,
          );
      }
    });
    await step('The image has what it needs and nothing else', () => inspect(image, `${id}-inspected`));
    await step('No log has a secret', () => {
      const secrets = [
        'postgres_password',
        'owner_password',
        'service_password',
        'admin_password',
        'issuer_admin_token',
      ].map((name) => readFileSync(join(copy, 'secrets', name), 'utf8'));
      for (const service of services) {
        const { stdout, stderr } = podman(['logs', container(service)]);
        for (const secret of secrets) assert.ok(!`${stdout}${stderr}`.includes(secret), service.name);
        // Issued and renewed ones alike.
        assert.doesNotMatch(`${stdout}${stderr}`, /eyJ[\w-]+\.[\w-]+\.[\w-]+/, `a token, ${service.name}`);
      }
    });
    await step('SIGTERM ends the service and the issuer with 0 within ten seconds', () => {
      for (const service of [licentia, issuer]) {
        const begun = performance.now();
        podman(['stop', container(service)]);
        assert.ok(performance.now() - begun < 15_000, `${service.name} had to be killed`);
        assert.equal(podman(['inspect', '--format={{.State.ExitCode}}', container(service)]).stdout, '0');
      }
    });
    if (options.scaled) {
      await tryScaled({
        id: `${id}-scaled`,
        directory: copy,
        image,
        bases,
        port: await freePort(),
        step,
        healthy,
        password,
      });
    }
    console.log('The image and the compose files do what they say.');
  } catch (error) {
    for (const service of started) {
      const { stdout, stderr } = podman(['logs', '--tail=30', container(service)], { mayFail: true });
      console.error(`--- ${service.name}\n${stdout}\n${stderr}`);
    }
    console.error(error);
    process.exitCode = 1;
  } finally {
    cleanUp();
  }
}

async function step(sentence, work) {
  const begun = performance.now();
  const result = await work();
  console.log(`passed  ${sentence} (${((performance.now() - begun) / 1000).toFixed(1)} s)`);
  return result;
}

/** With the registry and the certificates that npm has here, mounted: the image keeps none of it. */
function build(image, directory, nodeImage) {
  const configured = (name) =>
    execFileSync('npm', ['config', 'get', name], { cwd: directory, encoding: 'utf8' }).trim();
  const [own, registry, certificates] = ['userconfig', 'registry', 'cafile'].map(configured);
  const lines = [existsSync(own) ? readFileSync(own, 'utf8') : '', `registry=${registry}`];
  if (certificates !== 'null') lines.push('cafile=/etc/npm-certificates.crt');
  const npmrc = join(directory, 'npmrc');
  writeFileSync(npmrc, `${lines.join('\n')}\n`, { mode: 0o600 });
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
  const working = () => podman(['ps', '--all', '--external', '--quiet']).stdout.split('\n').filter(Boolean);
  const before = working();
  try {
    podman([
      'build',
      '--layers=false',
      '--network=host',
      `--volume=${npmrc}:/root/.npmrc:ro`,
      ...(certificates === 'null' ? [] : [`--volume=${certificates}:/etc/npm-certificates.crt:ro`]),
      `--build-arg=COMMIT=${commit}`,
      `--build-arg=NODE_IMAGE=${nodeImage}`,
      `--tag=${image}`,
      ROOT,
    ]);
  } catch (error) {
    // A build that was interrupted leaves its containers.
    for (const left of working().filter((one) => !before.includes(one)))
      podman(['rm', '--force', left], { mayFail: true });
    throw error;
  }
}

/** Runs the health check of the file until it passes. */
async function healthy(name) {
  const deadline = performance.now() + MAX_HEALTH_MS;
  for (;;) {
    const { status, stdout, stderr } = podman(['healthcheck', 'run', name], { mayFail: true });
    if (status === 0) return;
    assert.ok(performance.now() < deadline, `${name} is not healthy: ${stdout}${stderr}`);
    await sleep(1000);
  }
}

function inspect(image, name) {
  const [{ Config: config, Size: size }] = JSON.parse(podman(['image', 'inspect', image]).stdout);
  console.log(`        ${(size / 1e6).toFixed(0)} MB with its base image`);
  assert.equal(config.User, '1000:1000');
  assert.deepEqual(config.Entrypoint, ['node']);
  assert.deepEqual(Object.keys(config.ExposedPorts), ['3000/tcp']);
  assert.equal(config.Labels['org.opencontainers.image.licenses'], 'Apache-2.0');
  assert.match(config.Labels['org.opencontainers.image.revision'], /^[0-9a-f]{40}$/);
  const names = config.Env.map((variable) => variable.split('=', 1)[0]);
  assert.deepEqual(
    names.filter((name) => /PASSWORD|TOKEN|SECRET|DATABASE_URL|npm_config/i.test(name)),
    [],
  );

  // One container for all looks: to make one copies the whole image.
  podman([
    'run',
    '--detach',
    `--name=${name}`,
    '--user=0',
    '--network=none',
    '--entrypoint=sleep',
    image,
    'infinity',
  ]);
  const run = (script) => podman(['exec', name, 'sh', '-c', script]).stdout.split('\n').filter(Boolean);
  assert.deepEqual(run('ls -A /app').sort(), [
    'clients',
    'data',
    'dist',
    'docs',
    'node_modules',
    'package.json',
  ]);
  assert.deepEqual(
    run('find /app/ ! -user 0; find /app/ ! -type l -perm /022'),
    [],
    'root alone may write below /app',
  );
  assert.deepEqual(run('find /app /data -perm /6000'), []);
  assert.deepEqual(
    run('ls -A /root/.npm /tmp 2>/dev/null | grep -v ":$"; find /root/.npmrc -size +0 2>/dev/null; true'),
    [],
    'caches',
  );
  assert.deepEqual(
    run('for x in npm npx yarn corepack; do command -v $x; done; true'),
    [],
    'package managers',
  );
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
  const development = Object.keys(lock).filter((path) => lock[path].dev);
  const there = new Set(run('find /app/node_modules -type d').map((path) => path.replace('/app/', '')));
  assert.deepEqual(
    development.filter((path) => there.has(path)),
    [],
    'development packages',
  );
  assert.deepEqual(
    run("find /app/dist -name '*.spec.*' -o -name '*.ts' -path '/app/dist/*'"),
    [],
    'sources and tests',
  );
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}
