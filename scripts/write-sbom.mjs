// Writes dist/sbom.cdx.json, what is in production as CycloneDX 1.5, and compares it with the lock file.
//
// It is `npm sbom`, without what is there for development alone. What the build puts into the page is in production too:
// dist/web/NOTICE.md names it, so this runs after the build. (`npm sbom --omit=dev` leaves out what a package of
// development needs as well, a hundred packages of production here.)
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FILE = 'dist/sbom.cdx.json';
const lock = JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8')).packages;
const refOf = (name, version) => `${name}@${version}`;

/** The packages that are bundled into the page: `## preact - 11.2.0 (MIT)`. */
const bundled = new Set(
  [...readFileSync(`${ROOT}dist/web/NOTICE.md`, 'utf8').matchAll(/^## (\S+) - (\S+) \(/gm)].map(
    ([, name, version]) => refOf(name, version),
  ),
);

/** Every production package by its reference, with its content as CycloneDX writes it. */
const production = new Map(
  Object.entries(lock)
    .map(([path, entry]) => ({
      ...entry,
      path,
      ref: refOf(path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length), entry.version),
    }))
    .filter(({ path, dev, devOptional, ref }) => path !== '' && ((!dev && !devOptional) || bundled.has(ref)))
    .map(({ ref, integrity }) => [
      ref,
      Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex'),
    ]),
);

const { status, stdout, stderr } = spawnSync('npm', ['sbom', '--sbom-format', 'cyclonedx'], {
  cwd: ROOT,
  encoding: 'utf8',
  maxBuffer: 2 ** 28,
});
if (status !== 0) throw new Error(`npm sbom failed: ${stderr}${stdout}`);
const sbom = JSON.parse(stdout);
const { name, version } = lock[''];
const own = sbom.metadata.component;
// npm names it after the directory that it is in.
Object.assign(own, { name, type: 'application' });
sbom.components = sbom.components.filter((component) =>
  production.has(refOf(component.name, component.version)),
);
sbom.dependencies = sbom.dependencies
  .filter(({ ref }) => ref === own['bom-ref'] || production.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => production.has(other)) }));

const faults = [...bundled]
  .filter((ref) => !production.has(ref))
  .map((ref) => `${ref} is in the page, and not in the lock file`);
if (bundled.size === 0) faults.push('dist/web/NOTICE.md names no package of the page');
if (refOf(own.name, own.version) !== refOf(name, version)) faults.push(`it is of ${own.name}@${own.version}`);
const listed = new Map(
  sbom.components.map((component) => [refOf(component.name, component.version), component]),
);
for (const [ref, hash] of production) {
  const component = listed.get(ref);
  if (component === undefined) {
    faults.push(`${ref} is missing`);
    continue;
  }
  if (!component.hashes?.some(({ alg, content }) => alg === 'SHA-512' && content === hash)) {
    faults.push(`${ref} has another content than in the lock file`);
  }
  if (!component.licenses?.length) faults.push(`${ref} has no license`);
  if (!component.purl?.startsWith('pkg:npm/')) faults.push(`${ref} has no package URL`);
}
for (const fault of faults) console.error(`${FILE}: ${fault}`);
if (faults.length > 0) process.exit(1);
mkdirSync(`${ROOT}dist`, { recursive: true });
writeFileSync(`${ROOT}${FILE}`, `${JSON.stringify(sbom, null, 2)}\n`);
console.log(
  `${FILE}: ${sbom.components.length} packages of production, each with version, license and sha512`,
);
