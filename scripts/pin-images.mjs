// Writes the digests that the base images of the Dockerfiles and docker-compose.yml have at their registry behind their tags.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HELP = `Pins the base images of the Dockerfiles and docker-compose.yml by digest, or moves them to the digests of today.

Usage: npm run images:pin -- [options]

  --tag <name>=<tag>    moves an image to another tag first, as in --tag postgres=17.6-alpine; may be repeated
  --unpin               takes the digests out, and asks nobody
  --registry <url>      where the images are (https://registry-1.docker.io)
  --root <directory>    where the files are (this repository)
  --help                print this

Asks the registry for the manifest of each tag, for all platforms, and takes the SHA-256 of what it answers. Nothing is written unless
every image was found. Look at the change, run \`npm run compose:check\`, and commit it.
`;
const FILES = ['Dockerfile', 'docker-compose.yml', 'deploy/compose/Dockerfile'];
/** Where a base image is named: the build argument's default, and the defaults of compose's variables. */
const REFERENCE =
  /((?:ARG NODE_IMAGE=|\$\{(?:NODE|POSTGRES)_IMAGE:-))([a-z]+):([\w.-]+)(?:@(sha256:[0-9a-f]{64}))?/g;
/** A list of manifests by platform comes first: a digest of one platform would break the others. */
const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

const { values: options } = parseArgs({
  options: {
    tag: { type: 'string', multiple: true, default: [] },
    unpin: { type: 'boolean', default: false },
    registry: { type: 'string', default: 'https://registry-1.docker.io' },
    root: { type: 'string', default: fileURLToPath(new URL('..', import.meta.url)) },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) process.stdout.write(HELP);
else
  try {
    await pin();
  } catch (error) {
    console.error(`Nothing was written: ${error.message}${error.cause ? ` (${error.cause.message})` : ''}`);
    process.exitCode = 1;
  }

async function pin() {
  const moved = Object.fromEntries(options.tag.map((text) => text.split('=', 2)));
  const texts = FILES.map((name) => readFileSync(join(options.root, name), 'utf8'));
  const images = new Map();
  for (const [, , name, tag] of texts.flatMap((text) => [...text.matchAll(REFERENCE)]))
    images.set(name, moved[name] ?? tag);
  const unknown = Object.keys(moved).filter((name) => !images.has(name));
  if (unknown.length > 0) throw new Error(`there is no base image ${unknown.join(', ')}`);
  const pinned = new Map();
  for (const [name, tag] of images)
    pinned.set(name, options.unpin ? `${name}:${tag}` : `${name}:${tag}@${await digestOf(name, tag)}`);
  for (const [index, file] of FILES.entries())
    writeFileSync(
      join(options.root, file),
      texts[index].replace(REFERENCE, (_, before, name) => `${before}${pinned.get(name)}`),
    );
  for (const image of pinned.values()) console.log(image);
}

/** The digest of what the registry has under a tag, worked out from the bytes. */
async function digestOf(name, tag) {
  const url = `${options.registry}/v2/library/${name}/manifests/${tag}`;
  const ask = (token) =>
    fetch(url, {
      headers: { Accept: MANIFESTS.join(', '), ...(token ? { Authorization: `Bearer ${token}` } : {}) },
      signal: AbortSignal.timeout(30_000),
    });
  let answer = await ask();
  if (answer.status === 401) answer = await ask(await tokenFor(answer.headers.get('www-authenticate') ?? ''));
  if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}`);
  const type = (answer.headers.get('content-type') ?? '').split(';')[0].trim();
  if (!MANIFESTS.includes(type)) throw new Error(`${url} is no list of platforms but ${type}`);
  const digest = `sha256:${createHash('sha256')
    .update(Buffer.from(await answer.arrayBuffer()))
    .digest('hex')}`;
  const said = answer.headers.get('docker-content-digest');
  if (said !== null && said !== digest) throw new Error(`${url} says ${said} and sent ${digest}`);
  return digest;
}

/** A token to read with, from where the registry's challenge says (RFC 6750, section 3). */
async function tokenFor(challenge) {
  const { realm, ...query } = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
  );
  if (!/^Bearer /i.test(challenge) || realm === undefined) throw new Error('the registry wants a password');
  const answer = await fetch(`${realm}?${new URLSearchParams(query)}`, {
    signal: AbortSignal.timeout(30_000),
  });
  if (answer.status !== 200) throw new Error(`${realm} answered ${answer.status}`);
  const { token, access_token: other } = await answer.json();
  return token ?? other;
}
