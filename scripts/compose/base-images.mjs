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
# What we use of the official image's entry point: POSTGRES_USER, POSTGRES_DB, POSTGRES_PASSWORD_FILE.
set -eu
export PATH="/usr/lib/postgresql/15/bin:$PATH"
as() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
mkdir -p "$PGDATA" /run/postgresql
chown postgres:postgres "$PGDATA" /run/postgresql
chmod 700 "$PGDATA"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  cat "$POSTGRES_PASSWORD_FILE" > /tmp/password && chown postgres /tmp/password
  as initdb --username="$POSTGRES_USER" --pwfile=/tmp/password --auth-host=scram-sha-256 --auth-local=trust >&2
  rm /tmp/password
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  as pg_ctl --wait --options='-c listen_addresses=' start >&2
  [ "$POSTGRES_DB" = postgres ] || as createdb --username="$POSTGRES_USER" "$POSTGRES_DB"
  as pg_ctl --wait stop >&2
fi
exec setpriv --reuid=postgres --regid=postgres --init-groups postgres -c listen_addresses='*'
`;

const STAND_INS = [
  [
    /^node:/,
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
    (directory) => {
      writeFileSync(join(directory, 'entry'), POSTGRES_ENTRY, { mode: 0o755 });
      return `FROM ${DEBIAN}
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql-15 && rm -rf /var/lib/apt/lists
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

/** Sees that there is an image of this name. @returns whether it is a stand-in @throws OutOfReachError */
export function haveBaseImage(name) {
  const full = `docker.io/library/${name}`;
  if (!exists(full) && podman(['pull', '--quiet', full], { mayFail: true, seconds: 300 }).status !== 0) {
    try {
      standIn(name, full);
    } catch (error) {
      if (SOURCES.every(([program, ...args]) => spawnSync(program, args, { timeout: 60_000 }).status === 0))
        throw error;
      throw new OutOfReachError('no registry of images, and not both of npm and Debian, can be reached', {
        cause: error,
      });
    }
  }
  return podman(['image', 'inspect', '--format', `{{index .Labels "${LABEL}"}}`, full]).stdout === 'true';
}

function standIn(name, full) {
  const [, prepare] = STAND_INS.find(([pattern]) => pattern.test(name)) ?? [];
  if (prepare === undefined) throw new Error(`There is no stand-in for ${name}.`);
  if (!exists(DEBIAN)) debian();
  inTemporaryDirectory((directory) => {
    writeFileSync(join(directory, 'Containerfile'), prepare(directory));
    podman([
      'build',
      '--layers=false',
      '--network=host',
      `--label=${LABEL}=true`,
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
