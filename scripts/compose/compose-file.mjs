// Reads docker-compose.yml and says what each service means to podman. What is not known here is a fault: nothing in the
// file is passed over in silence.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';

const TOP = ['name', 'services', 'secrets', 'volumes'];

/** How the value of each key of a service becomes options of `podman create`. Keys with `null` are dealt with elsewhere. */
const OPTIONS = {
  image: null,
  build: null,
  command: null,
  profiles: null,
  depends_on: null,
  secrets: null,
  environment: (values) => Object.entries(values).map(([name, value]) => `--env=${name}=${value}`),
  ports: (values) => values.map((value) => `--publish=${value}`),
  volumes: null,
  read_only: (value) => [`--read-only=${value}`, '--read-only-tmpfs=false'],
  cap_drop: (values) => values.map((value) => `--cap-drop=${value}`),
  security_opt: (values) => values.map((value) => `--security-opt=${value.replace(':true', '')}`),
  user: (value) => [`--user=${value}`],
  tmpfs: (values) => values.map((value) => `--tmpfs=${value}`),
  restart: (value) => [`--restart=${value}`],
  init: (value) => [`--init=${value}`],
  stop_grace_period: (value) => [`--stop-timeout=${seconds(value)}`],
  mem_limit: (value) => [`--memory=${value}`],
  pids_limit: (value) => [`--pids-limit=${value}`],
  healthcheck: ({ test, interval, timeout, retries, ...rest }) => {
    known(rest, [], 'healthcheck');
    const [kind, ...command] = test;
    if (kind !== 'CMD' || command.length < 2) throw new Error(`not understood: healthcheck ${test}`);
    return [
      // Without its CMD: podman 4.3 would take the brackets for words of the command.
      `--health-cmd=${JSON.stringify(command)}`,
      `--health-interval=${interval}`,
      `--health-timeout=${timeout}`,
      `--health-retries=${retries}`,
    ];
  },
};

/** The services of the file that these profiles start, in the order of `depends_on`. */
export function readCompose(file, { variables = {}, profiles = [] }) {
  const compose = interpolate(parse(readFileSync(file, 'utf8'), { merge: true }), variables);
  known(compose, TOP, 'the file');
  const services = Object.entries(compose.services)
    .filter(([, { profiles: own }]) => own === undefined || own.some((name) => profiles.includes(name)))
    .map(([name, service]) => plan(name, service, compose, dirname(resolve(file))));
  const placed = [];
  while (placed.length < services.length) {
    const next = services.find(
      (one) =>
        !placed.includes(one) &&
        Object.keys(one.dependsOn).every((name) => placed.some((done) => done.name === name)),
    );
    if (next === undefined)
      throw new Error('depends_on names a service that is not started, or goes in a circle');
    placed.push(next);
  }
  return placed;
}

function plan(name, service, compose, directory) {
  known(service, Object.keys(OPTIONS), `service ${name}`);
  const options = Object.entries(service).flatMap(([key, value]) => OPTIONS[key]?.(value) ?? []);
  for (const secret of service.secrets ?? []) {
    const { file, ...rest } = compose.secrets?.[secret] ?? {};
    if (file === undefined) throw new Error(`service ${name}: no file for the secret ${secret}`);
    known(rest, [], `secret ${secret}`);
    options.push(`--volume=${resolve(directory, file)}:/run/secrets/${secret}:ro`);
  }
  const mounts = (service.volumes ?? []).filter((text) => /^\.\/[\w./-]+:[\w./-]+:ro$/.test(text));
  for (const mount of mounts)
    options.push(`--volume=${resolve(directory, mount.split(':')[0])}:${mount.split(':')[1]}:ro`);
  const volumes = (service.volumes ?? [])
    .filter((text) => !mounts.includes(text))
    .map((text) => {
      const [volume, target, ...rest] = text.split(':');
      if (rest.length > 0 || !(volume in compose.volumes)) throw new Error(`service ${name}: volume ${text}`);
      return { volume, target };
    });
  const dependsOn = service.depends_on ?? {};
  for (const [other, { condition, ...rest }] of Object.entries(dependsOn)) {
    known(rest, [], `depends_on ${other}`);
    if (!['service_healthy', 'service_completed_successfully'].includes(condition))
      throw new Error(`service ${name}: condition ${condition}`);
  }
  const { context, args: buildArguments, ...further } = service.build ?? { context: '.', args: {} };
  known(further, [], `build of ${name}`);
  if (context !== '.') throw new Error(`service ${name}: build`);
  return {
    name,
    image: service.image,
    built: service.build !== undefined,
    buildArguments,
    ends: service.restart === 'no',
    options,
    volumes,
    dependsOn,
    command: service.command ?? [],
  };
}

/** Throws on a key that nobody here understands; `x-…` is for the file's own use. */
function known(object, keys, where) {
  const unknown = Object.keys(object).filter((key) => !keys.includes(key) && !key.startsWith('x-'));
  if (unknown.length > 0) throw new Error(`${where}: not understood: ${unknown.join(', ')}`);
}

function interpolate(value, variables) {
  if (Array.isArray(value)) return value.map((item) => interpolate(item, variables));
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, interpolate(item, variables)]),
    );
  if (typeof value !== 'string') return value;
  const text = value.replace(/\$\{(\w+):-([^}]*)\}/g, (_, name, fallback) => variables[name] || fallback);
  if (text.includes('$')) throw new Error(`not understood: ${value}`);
  return text;
}

function seconds(text) {
  const [, count] = /^(\d+)s$/.exec(text) ?? [];
  if (count === undefined) throw new Error(`not understood: stop_grace_period ${text}`);
  return count;
}
