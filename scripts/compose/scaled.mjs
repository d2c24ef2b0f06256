// Tries deploy/compose/scale.yml: three replicas behind HAProxy and PgBouncer, each killed in turn while requests go on.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { networkOptions, readCompose } from './compose-file.mjs';
import { podman } from './podman.mjs';

const REPLICAS = 3;
/** Between two requests of one caller, milliseconds. */
const PAUSE_MS = 10;
const CALLERS = 4;

/**
 * @param id - of everything that is made
 * @param directory - with the compose files and the secrets
 * @param image - of the service
 * @param bases - images by their names in the file
 * @param port - of the balancer, on this machine
 * @param step - runs a named step
 * @param healthy - waits for a container by its name
 * @param password - of the administrator
 */
export async function tryScaled({ id, directory, image, bases, port, step, healthy, password }) {
  const file = join(directory, 'docker-compose.yml');
  const override = join(directory, 'deploy/compose/scale.yml');
  const services = readCompose(file, { variables: { PORT: String(port) }, overrides: [override] });
  const [nodeImage] = services
    .filter(({ name }) => name === 'licentia')
    .map((one) => one.buildArguments.NODE_IMAGE);
  const started = [];
  const built = [];
  const start = (service, name, from) => {
    started.push(name);
    podman([
      'run',
      '--detach',
      `--name=${name}`,
      `--network=${id}:alias=${service.name}`,
      ...service.options,
      ...service.volumes.map(({ volume, target }) => `--volume=${id}-${volume}:${target}`),
      from,
      ...service.command,
    ]);
  };
  const authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
  const check = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/api/licensing/check`, {
      headers: { Authorization: authorization },
      signal: AbortSignal.timeout(10_000),
    });
    return `${response.status} ${await response.text()}`;
  };

  try {
    podman(['network', 'create', ...networkOptions(override), id]);
    for (const service of services) {
      let from = service.built ? image : bases[service.image];
      if (service.target !== undefined) {
        from = `localhost/${id}-${service.target.name}`;
        await step(`The image of the ${service.name} builds`, () =>
          podman([
            'build',
            '--layers=false',
            '--network=host',
            `--file=${service.target.dockerfile}`,
            `--target=${service.target.name}`,
            `--build-arg=NODE_IMAGE=${bases[nodeImage]}`,
            `--tag=${from}`,
            join(directory, 'deploy/compose'),
          ]),
        );
        built.push(from);
      }
      const names = Array.from({ length: service.name === 'licentia' ? REPLICAS : 1 }, (_, index) =>
        index === 0 ? `${id}-${service.name}` : `${id}-${service.name}-${index + 1}`,
      );
      await step(`${names.length > 1 ? `${names.length} of ` : ''}${service.name}, scaled`, async () => {
        for (const name of names) start(service, name, from);
        for (const name of names) {
          if (service.ends) assert.equal(podman(['wait', name], { seconds: 180 }).stdout, '0');
          else await healthy(name);
        }
      });
    }
    const replicas = started.filter((name) => name.startsWith(`${id}-licentia`));

    await step(
      'The replicas answer through HAProxy, and reach PostgreSQL through the pooler alone',
      async () => {
        assert.equal(await check(), '200 false');
        const users = podman([
          'exec',
          `${id}-postgres`,
          'psql',
          '--no-psqlrc',
          '--tuples-only',
          '--no-align',
          '--username=postgres',
          '--dbname=licentia',
          "--command=SELECT DISTINCT client_addr FROM pg_stat_activity WHERE usename = 'licentia_service'",
        ]).stdout.split('\n');
        const pooler = podman([
          'inspect',
          `--format={{(index .NetworkSettings.Networks "${id}").IPAddress}}`,
          `${id}-pooler`,
        ]).stdout;
        assert.deepEqual(users, [pooler]);
      },
    );
    await step('Each replica is killed in turn, and no check fails', async () => {
      const answers = new Map();
      let over = false;
      const callers = Array.from({ length: CALLERS }, async () => {
        while (!over) {
          const answer = await check().catch((error) => `failed: ${error.cause ?? error}`);
          answers.set(answer, (answers.get(answer) ?? 0) + 1);
          await sleep(PAUSE_MS);
        }
      });
      await sleep(1_000);
      for (const name of replicas) {
        podman(['kill', '--signal=KILL', name]);
        podman(['wait', name], { mayFail: true, seconds: 30 });
        await sleep(2_000);
        podman(['start', name]);
        await healthy(name);
        // HAProxy asks the names again, and the replica twice.
        await sleep(4_000);
      }
      over = true;
      await Promise.all(callers);
      console.log(`        ${JSON.stringify(Object.fromEntries(answers))}`);
      assert.deepEqual([...answers.keys()], ['200 false']);
      assert.ok(answers.get('200 false') > 500);
    });
    await step('No log of the pooler or of the balancer has a secret', () => {
      for (const name of [`${id}-pooler`, `${id}-balancer`]) {
        const { stdout, stderr } = podman(['logs', name]);
        assert.ok(!`${stdout}${stderr}`.includes(password));
      }
    });
  } catch (error) {
    for (const name of started) {
      const { stdout, stderr } = podman(['logs', '--tail=30', name], { mayFail: true });
      console.error(`--- ${name}\n${stdout}\n${stderr}`);
    }
    throw error;
  } finally {
    for (const name of started.reverse())
      podman(['rm', '--force', '--volumes', '--time=0', name], { mayFail: true });
    podman(['network', 'rm', '--force', id], { mayFail: true });
    for (const { volumes } of services)
      for (const { volume } of volumes)
        podman(['volume', 'rm', '--force', `${id}-${volume}`], { mayFail: true });
    for (const name of built) podman(['rmi', '--force', name], { mayFail: true });
  }
}
