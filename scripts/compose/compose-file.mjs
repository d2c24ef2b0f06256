// Reads docker-compose.yml and says what each service means to podman. What is not known here is a fault: nothing in the
// file is passed over in silence.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';

const TOP = ['name', 'services', 'secrets', 'volumes', 'networks'];

/** What an override takes away. */
const RESET = Symbol('reset');

/** How the value of each key of a service becomes options of `podman create`. Keys with `null` are dealt with elsewhere. */
const OPTIONS = {
  image: null,
  build: null,
  command: null,
  profiles: null,
  depends_on: null,
  secrets: null,
  environment: (values) => Object.entries(values).map(([name, value]) => `--env=${name}=${value}`),
  networks: ({ default: { ipv4_address: address, ...rest }, ...others }) => {
    known({ ...rest, ...others }, [], 'networks');
    return [`--ip=${address}`];
  },
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
  // One that is given takes away the others of podman.mjs: without nproc, podman asks for more than root may have here.
  ulimits: ({ nofile, ...rest }) => {
    known(rest, [], 'ulimits');
    return [`--ulimit=nofile=${nofile}:${nofile}`, '--ulimit=nproc=4096:4096'];
  },
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

/**
 * The services of the file that these profiles start, in the order of `depends_on`.
 * @param overrides - files that change the first one, as further `--file` of Docker Compose
 */
export function readCompose(file, { variables = {}, profiles = [], overrides = [] }) {
  const compose = interpolate([file, ...overrides].map(load).reduce(merged), variables);
  known(compose, TOP, 'the file');
  if (compose.networks !== undefined) optionsOf(compose.networks);
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

/** How podman makes the network of an override. */
export function networkOptions(file) {
  return optionsOf(load(file).networks);
}

function optionsOf(networks) {
  const { default: network = {}, ...others } = networks;
  const { subnet, ip_range: range, ...rest } = network.ipam?.config?.[0] ?? {};
  known({ ...others, ...rest }, [], 'networks');
  if (subnet === undefined || range === undefined)
    throw new Error('not understood: networks without a range');
  // Podman refuses an address outside of the range; it gives addresses from the lowest on.
  return [`--subnet=${subnet}`];
}

function load(file) {
  return parse(readFileSync(file, 'utf8'), {
    merge: true,
    customTags: [{ tag: '!reset', collection: 'seq', resolve: () => RESET }],
  });
}

/** As Docker Compose does it: objects key by key, lists one after the other, and everything else anew. */
function merged(below, above) {
  if (Array.isArray(below) && Array.isArray(above)) return [...below, ...above];
  const areObjects = [below, above].every((one) => one !== null && typeof one === 'object');
  if (!areObjects) return above;
  const result = { ...below };
  for (const [key, value] of Object.entries(above)) {
    if (value === RESET) delete result[key];
    else result[key] = key in below ? merged(below[key], value) : value;
  }
  return result;
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
  const {
    context,
    args: buildArguments = {},
    dockerfile,
    target,
    ...further
  } = service.build ?? { context: '.' };
  known(further, [], `build of ${name}`);
  if ((dockerfile === undefined) !== (target === undefined))
    throw new Error(`not understood: build of ${name}`);
  if (context !== '.') throw new Error(`service ${name}: build`);
  return {
    name,
    image: service.image,
    built: service.build !== undefined,
    buildArguments,
    ...(target === undefined ? {} : { target: { dockerfile: resolve(directory, dockerfile), name: target } }),
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
