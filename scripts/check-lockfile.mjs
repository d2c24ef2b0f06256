// The lock file: every package with its sha512, none with an address of its own, and no production package that wants
// to run a script when it is installed.
import { readFileSync } from 'node:fs';

const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
const faults = Object.entries(packages)
  .filter(([path]) => path !== '')
  .flatMap(([path, entry]) => [
    ...(/^sha512-/.test(entry.integrity ?? '') ? [] : [`${path} has no sha512`]),
    ...(entry.resolved === undefined ? [] : [`${path} names where it is downloaded`]),
    ...(entry.hasInstallScript && !entry.dev && !entry.devOptional
      ? [`${path} runs a script at install`]
      : []),
  ]);

for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
