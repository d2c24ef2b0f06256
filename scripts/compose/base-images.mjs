// The base images: the official ones where a registry can be reached, else stand-ins from Debian and the npm registry.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { podman } from './podman.mjs';

const LABEL = 'licentia.stand-in';
const DEBIAN = 'localhost/licentia-compose/debian:bookworm';

/** What stand-ins are made of. While all of it answers, one that cannot be made is a fault of ours. */
const SOURCES = [
  ['npm', 'view', 'npm@11', 'version'],
  ['wget', '--quiet', '--spider', 'http://deb.debian.org/debian/dists/bookworm/Release'],
];

const POSTGRES_ENTRY = `#!/bin/sh
# What we use of the official image's entry point, as the user that it is run by: POSTGRES_USER, POSTGRES_DB,
# POSTGRES_PASSWORD_FILE, and the scripts of /docker-entrypoint-initdb.d.
set -eu
export POSTGRES_USER="\${POSTGRES_USER:-postgres}"
mkdir -p "$PGDATA"
chmod 700 "$PGDATA"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # As the LANG of the image does.
  initdb --encoding=UTF8 --locale=C.UTF-8 --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" --auth-host=scram-sha-256 --auth-local=trust >&2
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  pg_ctl --wait --options='-c listen_addresses=' start >&2
  [ "$POSTGRES_DB" = postgres ] || createdb --username="$POSTGRES_USER" "$POSTGRES_DB"
  for script in /docker-entrypoint-initdb.d/*.sh; do "$script" >&2; done
  pg_ctl --wait stop >&2
fi
exec postgres -c listen_addresses='*'
`;

/** By name: the recipe's version, which is the label's value, and what makes it. One of another version is made anew. */
const STAND_INS = [
  [
    /^node:/,
    'true',
    (directory) => {
      execFileSync(
        'npm',
        [
          'install',
          '--ignore-scripts',
          '--no-save',
          '--prefix',
          directory,
          'npm@11',
          `node-linux-${process.arch}@24`,
        ],
        { cwd: directory, stdio: 'pipe' },
      );
      return `FROM ${DEBIAN}
COPY node_modules/node-linux-${process.arch}/bin/node /usr/local/bin/node
COPY node_modules/npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && useradd --uid 1000 --create-home node
CMD ["node"]
`;
    },
  ],
  [
    /^postgres:/,
    '3',
    (directory) => {
      writeFileSync(join(directory, 'entry'), POSTGRES_ENTRY, { mode: 0o755 });
      return `FROM ${DEBIAN}
RUN groupadd --gid 70 postgres && useradd --uid 70 --gid 70 --home-dir /var/lib/postgresql postgres
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql-15 && rm -rf /var/lib/apt/lists \\
  && install --directory --owner=postgres --group=postgres --mode=1777 /var/lib/postgresql/data \\
  && install --directory --owner=postgres --group=postgres --mode=3777 /run/postgresql
COPY entry /usr/local/bin/entry
ENV PGDATA=/var/lib/postgresql/data PATH=/usr/lib/postgresql/15/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
STOPSIGNAL SIGINT
ENTRYPOINT ["entry"]
`;
    },
  ],
];

/** A base image can be neither pulled nor made, and it is not our recipe's fault. */
export class OutOfReachError extends Error {}

/**
 * Sees that there is an image of this name, which may have a digest.
 * @returns its whole name, without the digest for a stand-in, which has another one; and whether it is a stand-in
 * @throws OutOfReachError
 */
export function haveBaseImage(name) {
  const pinned = `docker.io/library/${name}`;
  const full = pinned.replace(/@.*/, '');
  if (pinned !== full && podman(['pull', '--quiet', pinned], { mayFail: true, seconds: 300 }).status === 0)
    return { image: pinned, isStandIn: false };
  const [, version] = STAND_INS.find(([pattern]) => pattern.test(name)) ?? [];
  if (exists(full) && !['', version].includes(labelOf(full))) podman(['rmi', '--force', full]);
  if (!exists(full) && podman(['pull', '--quiet', full], { mayFail: true, seconds: 300 }).status !== 0) {
    try {
      standIn(name.replace(/@.*/, ''), full);
    } catch (error) {
      if (SOURCES.every(([program, ...args]) => spawnSync(program, args, { timeout: 60_000 }).status === 0))
        throw error;
      throw new OutOfReachError('no registry of images, and not both of npm and Debian, can be reached', {
        cause: error,
      });
    }
  }
  return { image: full, isStandIn: labelOf(full) !== '' };
}

function standIn(name, full) {
  const [, version, prepare] = STAND_INS.find(([pattern]) => pattern.test(name)) ?? [];
  if (prepare === undefined) throw new Error(`There is no stand-in for ${name}.`);
  if (!exists(DEBIAN)) debian();
  inTemporaryDirectory((directory) => {
    writeFileSync(join(directory, 'Containerfile'), prepare(directory));
    podman([
      'build',
      '--layers=false',
      '--network=host',
      `--label=${LABEL}=${version}`,
      `--tag=${full}`,
      directory,
    ]);
  });
}

function debian() {
  inTemporaryDirectory((directory) => {
    execFileSync(
      'debootstrap',
      ['--variant=minbase', '--include=ca-certificates,libstdc++6', 'bookworm', join(directory, 'root')],
      { stdio: 'pipe', maxBuffer: 64 << 20 },
    );
    const archive = join(directory, 'root.tar');
    execFileSync('tar', ['--create', '--file', archive, '--directory', join(directory, 'root'), '.']);
    podman(['import', '--change=CMD ["sh"]', archive, DEBIAN]);
  });
}

/** The version of a stand-in; empty for an image that is none. */
function labelOf(name) {
  return podman(['image', 'inspect', '--format', `{{index .Labels "${LABEL}"}}`, name]).stdout.replace(
    '<no value>',
    '',
  );
}

function exists(name) {
  return podman(['image', 'exists', name], { mayFail: true }).status === 0;
}

function inTemporaryDirectory(work) {
  const directory = mkdtempSync(join(tmpdir(), 'licentia-base-'));
  try {
    work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
