// The lock file and what it rests on: every package from a registry, by exactly one sha512, none by an address of its own;
// no production package that runs a script when it is installed, comes inside another one, or has a license that is not in
// the list below. Which packages are production's is worked out anew: the lock file's own flags are compared with it.
//
//   node scripts/check-lockfile.mjs [directory]
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const LICENSES = ['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];
const SHA512 = /^sha512-[A-Za-z0-9+/]{86}==$/;
const PATH = /^node_modules\/(@[\w.-]+\/)?[\w.-]+(\/node_modules\/(@[\w.-]+\/)?[\w.-]+)*$/;
/** A version or a range of versions, and no address, path, tag or other name. */
const RANGE = /^[\dvx*^~<>=|.\s-][\w.*^~<>=|+\s-]*$/;
const EXACT = /^\d+\.\d+\.\d+(-[\w.-]+)?$/;

const directory = resolve(process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url)));
const read = (name) => readFileSync(resolve(directory, name), 'utf8');
const manifest = JSON.parse(read('package.json'));
const { lockfileVersion, packages } = JSON.parse(read('package-lock.json'));
const entries = Object.entries(packages).filter(([path]) => path !== '');
const production = reachable();
const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

const faults = [
  ...(lockfileVersion === 3 ? [] : ['package-lock.json is not of version 3']),
  ...ofManifest(),
  ...entries.flatMap(([path, entry]) => ofPackage(path, entry)),
  ...ofDoubles(),
];
for (const fault of faults) console.error(fault);
if (faults.length === 0) {
  console.log(`${entries.length} packages, ${production.size} of them in production: each by its sha512.`);
}
process.exitCode = faults.length > 0 ? 1 : 0;

function ofManifest() {
  const root = packages[''] ?? {};
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];
  const different = kinds.filter((kind) => JSON.stringify(root[kind]) !== JSON.stringify(manifest[kind]));
  const npmrc = existsSync(resolve(directory, '.npmrc')) ? read('.npmrc').split('\n') : [];
  const others = ['npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock'];
  return [
    ...different.map((kind) => `package-lock.json was not made from the ${kind} of package.json`),
    ...kinds.flatMap((kind) =>
      Object.entries(manifest[kind] ?? {})
        .filter(([, range]) => !RANGE.test(range))
        .map(([name, range]) => `package.json wants ${name} from somewhere else: ${range}`),
    ),
    ...Object.entries(manifest.overrides ?? {}).flatMap(([name, version]) =>
      typeof version === 'string' && EXACT.test(version)
        ? entries
            .filter(([path, entry]) => nameOf(path) === name && entry.version !== version)
            .map(([path]) => `${path} is not the version that package.json overrides it with`)
        : [`package.json overrides ${name} with something that is no exact version`],
    ),
    ...(npmrc.includes('ignore-scripts=true') ? [] : ['.npmrc lets packages run scripts at install']),
    ...(/^(npm@|undefined$)/.test(String(manifest.packageManager))
      ? []
      : ['package.json names another package manager']),
    ...others
      .filter((name) => existsSync(resolve(directory, name)))
      .map((name) => `${name} would count instead`),
  ];
}

function ofPackage(path, entry) {
  const inProduction = production.has(path);
  const faultsOfAll = [
    [PATH.test(path), 'is no place of a package'],
    [EXACT.test(entry.version ?? ''), 'has no exact version'],
    [SHA512.test(entry.integrity ?? ''), 'has not exactly one sha512'],
    [entry.resolved === undefined, 'names where it is downloaded'],
    [!entry.link, 'is a link'],
    [!entry.inBundle, 'comes inside another package'],
    [inProduction || entry.dev || entry.optional, 'is needed by nobody'],
    [
      !inProduction || (!entry.dev && !entry.devOptional),
      'is marked as development only, and production needs it',
    ],
  ];
  const faultsOfProduction = [
    [!entry.hasInstallScript, 'runs a script at install'],
    [entry.name === undefined, `is ${entry.name} under another name`],
    [!entry.bundleDependencies, 'brings packages inside it'],
    [
      Object.values(entry.dependencies ?? {}).every((range) => RANGE.test(range)),
      'wants something from somewhere else',
    ],
    [
      LICENSES.includes(licenseOf(path, entry)),
      `has a license that is not in the list: ${licenseOf(path, entry)}`,
    ],
  ];
  return [...faultsOfAll, ...(inProduction ? faultsOfProduction : [])]
    .filter(([right]) => !right)
    .map(([, fault]) => `${path} ${fault}`);
}

/** One version of a package has one content, however often it is there. */
function ofDoubles() {
  const seen = new Map();
  return entries.flatMap(([path, entry]) => {
    const key = `${entry.name ?? nameOf(path)}@${entry.version}`;
    const [first, integrity] = seen.get(key) ?? [path, entry.integrity];
    seen.set(key, [first, integrity]);
    return integrity === entry.integrity
      ? []
      : [`${path} and ${first} are the same version with different content`];
  });
}

/** The lock file knows the present form alone; some packages say it in the old one. */
function licenseOf(path, { license }) {
  if (license !== undefined) return license;
  const file = resolve(directory, path, 'package.json');
  const [old] = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')).licenses ?? []) : [];
  return old?.type ?? 'none is named';
}

/** The places of everything that the production dependencies need, as Node would find it from theirs. */
function reachable() {
  const found = new Set();
  const queue = [['', { ...manifest.dependencies, ...manifest.optionalDependencies }]];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const [from, needs] = next;
    for (const name of Object.keys(needs)) {
      const path = placeOf(name, from);
      // What is optional may be missing.
      if (path === undefined || found.has(path)) continue;
      found.add(path);
      const {
        dependencies,
        optionalDependencies,
        peerDependencies,
        peerDependenciesMeta = {},
      } = packages[path];
      const peers = Object.keys(peerDependencies ?? {}).filter(
        (peer) => !peerDependenciesMeta[peer]?.optional,
      );
      queue.push([
        path,
        { ...dependencies, ...optionalDependencies, ...Object.fromEntries(peers.map((peer) => [peer, '*'])) },
      ]);
    }
  }
  return found;
}

/** Beside it, then beside whatever it is in, up to the top. */
function placeOf(name, from) {
  const inside = from === '' ? [] : from.split('/node_modules/');
  for (let depth = inside.length; depth >= 0; depth -= 1) {
    const path = [...inside.slice(0, depth), name].join('/node_modules/');
    const place = depth === 0 ? `node_modules/${name}` : path;
    if (packages[place] !== undefined) return place;
  }
  return undefined;
}
