// What `npm ci` does not prove of the lock file. It proves that the lock file fits package.json, and that each download has
// the hash that the lock file names; it also takes packages from git, from an address, without a hash and with any license.
//
//   node scripts/check-lockfile.mjs [directory]
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const LICENSES = ['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];
const SHA512 = /^sha512-[A-Za-z0-9+/]{86}==$/;
/** A version or a range of versions, and no address, path, tag or other name. */
const RANGE = /^[\dvx*^~<>=|.\s-][\w.*^~<>=|+\s-]*$/;
const KINDS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];

const directory = resolve(process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url)));
const read = (name) => readFileSync(resolve(directory, name), 'utf8');
const manifest = JSON.parse(read('package.json'));
const entries = Object.entries(JSON.parse(read('package-lock.json')).packages).filter(([path]) => path);
const isProduction = ({ dev }) => !dev;

const faults = [
  ...(read('.npmrc').split('\n').includes('ignore-scripts=true')
    ? []
    : ['.npmrc lets packages run scripts at install']),
  ...KINDS.flatMap((kind) => Object.entries(manifest[kind] ?? {}))
    .filter(([, range]) => !RANGE.test(range))
    .map(([name, range]) => `package.json wants ${name} from somewhere else: ${range}`),
  ...entries.flatMap(([path, entry]) => faultsOf(path, entry).map((fault) => `${path} ${fault}`)),
];
for (const fault of faults) console.error(fault);
if (faults.length === 0) {
  const production = entries.filter(([, entry]) => isProduction(entry)).length;
  console.log(`${entries.length} packages, ${production} of them in production: each by its sha512.`);
}
process.exitCode = faults.length > 0 ? 1 : 0;

function faultsOf(path, entry) {
  const checks = [
    [SHA512.test(entry.integrity ?? ''), 'has not exactly one sha512'],
    [entry.resolved === undefined, 'names where it is downloaded'],
    [!entry.link, 'is a link'],
    [!entry.inBundle && !entry.bundleDependencies, 'comes inside another package, or brings others'],
  ];
  if (isProduction(entry)) {
    const license = entry.license ?? licenseOfOldForm(path);
    checks.push(
      [!entry.hasInstallScript, 'runs a script at install'],
      [entry.name === undefined, `is ${entry.name} under another name`],
      [LICENSES.includes(license), `has a license that is not in the list: ${license}`],
    );
  }
  return checks.filter(([right]) => !right).map(([, fault]) => fault);
}

/** The lock file has only the present form of a license; some packages state it in the old one. */
function licenseOfOldForm(path) {
  const file = resolve(directory, path, 'package.json');
  const [old] = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')).licenses ?? []) : [];
  return old?.type ?? 'none is named';
}
