// Runs podman with a configuration and a storage of our own, so that nothing of the machine's is touched.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Debian's packages for what is used here; `catatonit` is `init: true`. */
export const PACKAGES =
  'podman runc buildah catatonit containernetworking-plugins golang-github-containernetworking-plugin-dnsname iptables debootstrap';
/** Where base images stay between two runs. */
export const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'licentia-compose');

const config = join(CACHE, 'config');
const environment = {
  ...process.env,
  CONTAINERS_CONF: join(config, 'containers.conf'),
  CONTAINERS_STORAGE_CONF: join(config, 'storage.conf'),
  CONTAINERS_REGISTRIES_CONF: join(config, 'registries.conf'),
  DISABLE_HC_SYSTEMD: 'true',
  BUILDAH_FORMAT: 'docker',
};

/** Names of programs that are missing. */
export function missingTools() {
  const programs = ['podman', 'runc', 'catatonit', 'iptables', 'debootstrap'].filter(
    (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0,
  );
  const plugins = ['bridge', 'portmap', 'dnsname'].map((name) => join('/usr/lib/cni', name));
  return [...programs, ...plugins.filter((path) => !existsSync(path))];
}

/** Whether this process may do what containers need: in a locked-in container root may not. */
export function mayContain() {
  return [
    ['unshare', '--mount', '--net', '--pid', '--fork', 'true'],
    ['iptables', '--table', 'nat', '--list-rules'],
  ].every(([program, ...args]) => spawnSync(program, args).status === 0);
}

export function configure() {
  mkdirSync(config, { recursive: true });
  writeFileSync(
    environment.CONTAINERS_CONF,
    [
      '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n',
      '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n',
      `[network]\nnetwork_backend = "cni"\nnetwork_config_dir = "${join(CACHE, 'networks')}"\n`,
    ].join('\n'),
  );
  writeFileSync(
    environment.CONTAINERS_STORAGE_CONF,
    `[storage]\ndriver = "vfs"\nrunroot = "${join(CACHE, 'run')}"\ngraphroot = "${join(CACHE, 'storage')}"\n`,
  );
  writeFileSync(
    environment.CONTAINERS_REGISTRIES_CONF,
    'unqualified-search-registries = ["docker.io"]\nshort-name-mode = "disabled"\n',
  );
}

/** Runs podman; answers with its output. @throws with what podman said, unless `mayFail` */
export function podman(args, { mayFail = false, seconds = 900, input } = {}) {
  const result = spawnSync('podman', args, {
    env: environment,
    // Its monitors leave a file where they are when a container runs out of memory.
    cwd: config,
    encoding: 'utf8',
    timeout: seconds * 1000,
    maxBuffer: 64 << 20,
    input,
  });
  const status = result.status ?? 1;
  if (status !== 0 && !mayFail)
    throw new Error(
      `podman ${args[0]} ended with ${status}:\n${`${result.stdout}${result.stderr}`.slice(-4000)}`,
    );
  return { status, stdout: (result.stdout ?? '').trim(), stderr: (result.stderr ?? '').trim() };
}
