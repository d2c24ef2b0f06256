// Checks an audit log that GET /api/audit/export exported.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readJsonLines } from './json-lines.mjs';
import { loadBuilt } from './load-built.mjs';

const { checkAudit, isSeal } = await loadBuilt('domain/audit-check.js');

const HELP = `Checks the chain of hashes and the signatures of an exported audit log, and names the first record that was changed,
removed, inserted or swapped.

Usage: npm run audit:verify -- <file> [--key <key>]... [--head <hash>]

  <file>           JSON Lines, as GET /api/audit/export answers them; parts can be joined
  --key <key>      a public key that may have signed, as GET /api/audit/seal answered it earlier: without it, a log that
                   was made anew with another key is not noticed
  --head <hash>    the hash of the last seal: without it, records that are missing at the end are not noticed
  --help           print this

Ends with 0 when the log is sound, 1 when it is not, 2 when it cannot be read.
`;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      key: { type: 'string', multiple: true },
      head: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const [path, ...others] = positionals;
  if (values.help) process.stdout.write(HELP);
  else if (path === undefined || others.length > 0) fail('name one file; --help prints how');
  else check(readJsonLines(readFileSync(path, 'utf8')), values.key, values.head);
} catch (error) {
  fail(error.message);
}

function check(lines, keys, head) {
  const fault = checkAudit(lines, { keys, head });
  if (fault === undefined) {
    const seals = lines.filter(isSeal);
    const [first, last] = [lines[0], lines.at(-1)].map((line) => line?.number ?? 'none');
    console.log(
      `The audit log is sound: ${lines.length - seals.length} records in ${seals.length} segments, numbers ${first} to ${last}.`,
    );
    for (const key of new Set(seals.map((seal) => seal.key))) console.log(`Signed by ${key}.`);
    return;
  }
  const { index, message } = fault;
  const line = lines[index];
  const name = line === undefined ? 'the end' : `number ${line.number}, record ${line.id ?? 'none'}`;
  console.error(`Line ${index + 1} (${name}): ${message}.`);
  process.exitCode = 1;
}

function fail(message) {
  console.error(`Nothing was checked: ${message}`);
  process.exitCode = 2;
}
