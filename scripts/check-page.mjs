// Checks the built page: how much a browser loads, and that the policy of the page lets all of it run.
//
//   node scripts/check-page.mjs [directory]     dist/web unless given
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** All scripts and styles together, compressed, bytes. */
const MAX_BYTES = 60_000;

const directory = process.argv[2] ?? fileURLToPath(new URL('../dist/web', import.meta.url));
const assets = readdirSync(join(directory, 'assets'));
const read = (...path) => readFileSync(join(directory, ...path));
const page = read('index.html').toString();
const loaded = assets.filter((name) => /\.(js|css)$/.test(name));
const bytes = loaded.reduce((sum, name) => sum + gzipSync(read('assets', name)).length, 0);
const addresses = [...page.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, address]) => address);

const faults = [
  [bytes <= MAX_BYTES, `scripts and styles take ${bytes} bytes compressed: ${MAX_BYTES} are the most`],
  [
    !/<style|\sstyle=|\son\w+=/i.test(page),
    'index.html has a style or a handler of its own, which the policy refuses',
  ],
  [!/<script(?![^>]*\ssrc=)/i.test(page), 'index.html has a script of its own, which the policy refuses'],
  [
    addresses.every((address) => /^\.\/assets\/[\w.-]+$/.test(address)),
    `index.html names what is not in its assets by a relative address: ${addresses.join(' ')}`,
  ],
  [
    assets.every((name) => /-[\w-]{8}\.\w+$/.test(name)),
    `an asset has no hash in its name, so browsers would keep an old one: ${assets.join(' ')}`,
  ],
  [
    loaded.every((name) => !/\bdata:(?:image|font|text)\//.test(read('assets', name).toString())),
    'an asset has a data: address, which the policy refuses',
  ],
].flatMap(([right, fault]) => (right ? [] : [fault]));
for (const fault of faults) console.error(`${directory}: ${fault}`);
if (faults.length === 0) console.log(`The page takes ${bytes} of ${MAX_BYTES} bytes, compressed.`);
process.exitCode = faults.length > 0 ? 1 : 0;
