// Makes the vectors, or says whether the committed ones are what it makes. No network, no code of the service.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const HELP = `Usage: npm run vectors -- [option]

  (nothing)     writes vectors/jwks.json, vectors/instance.json and vectors/tokens/*.json from the committed keys
  --check       writes nothing; fails unless the committed files are, byte for byte, what this script makes
  --new-keys    makes new test keys first, and so all other vectors
  --help        this text`;

const known = ['--check', '--new-keys', '--help'];
const options = process.argv.slice(2);
const unknown = options.find((option) => !known.includes(option));
if (unknown !== undefined) fail(`Unknown option ${unknown}.\n\n${HELP}`);
if (options.includes('--help')) {
  console.log(HELP);
  process.exit();
}
if (options.includes('--check') && options.includes('--new-keys'))
  fail('--check and --new-keys exclude each other.');

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const json = (value) => `${JSON.stringify(value, null, 1)}\n`;

if (options.includes('--new-keys')) {
  if (!existsSync(here('private-test-keys.json')))
    writeFileSync(here('private-test-keys.json'), '{"issuer":[],"stranger":[]}');
  const { makeKeys } = await import('./generator/keys.mjs');
  writeFileSync(here('private-test-keys.json'), json(makeKeys()));
  // The keys are read once a process: the rest is for the next one.
  console.log('New keys are written. Run this again without --new-keys to make the vectors.');
  process.exit();
}

const { makeFiles } = await import('./generator/files.mjs');
const files = makeFiles((name, count) => console.log(`${name}: ${count}`));
mkdirSync(here('tokens'), { recursive: true });
const stale = readdirSync(here('tokens')).filter((name) => !files.has(`tokens/${name}`));
if (options.includes('--check')) {
  const different = [...files].filter(
    ([name, text]) => !existsSync(here(name)) || readFileSync(here(name), 'utf8') !== text,
  );
  const names = [...different.map(([name]) => name), ...stale.map((name) => `tokens/${name}`)];
  if (names.length > 0) fail(`Not what the script makes: ${names.join(', ')}. Run "npm run vectors".`);
  console.log('The committed vectors are what the script makes.');
} else {
  for (const name of stale) rmSync(here(`tokens/${name}`));
  for (const [name, text] of files) writeFileSync(here(name), text);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
