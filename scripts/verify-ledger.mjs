// Checks a ledger of usage that GET /api/licensing/usage/ledger exported as JSON Lines.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readJsonLines } from './json-lines.mjs';
import { loadBuilt } from './load-built.mjs';

const { CHAIN_START } = await loadBuilt('domain/hash-chain.js');
const { checkLedger } = await loadBuilt('domain/usage/ledger-check.js');

const HELP = `Checks the chain of hashes of an exported ledger, and names the first row that was changed, removed, inserted or swapped.

Usage: npm run ledger:verify -- <file> [--head <hash>]

  <file>           JSON Lines, as GET /api/licensing/usage/ledger answers them
  --head <hash>    what the last row must have as its hash: without it, rows that are missing at the end are not noticed
  --help           print this

Ends with 0 when the ledger is sound, 1 when it is not, 2 when it cannot be read.
`;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { head: { type: 'string' }, help: { type: 'boolean', default: false } },
  });
  const [path, ...others] = positionals;
  if (values.help) process.stdout.write(HELP);
  else if (path === undefined || others.length > 0) fail('name one file; --help prints how');
  else check(readJsonLines(readFileSync(path, 'utf8')), values.head);
} catch (error) {
  fail(error.message);
}

function check(rows, head) {
  const fault = checkLedger(rows, head);
  if (fault === undefined) {
    console.log(
      `The ledger is sound: ${rows.length} rows, ${rows[0]?.day ?? 'none'} to ${rows.at(-1)?.day ?? 'none'}.${part(rows)}`,
    );
    return;
  }
  const { index, message } = fault;
  console.error(`Line ${index + 1} (${rows[index]?.day ?? 'the end'}): ${message}.`);
  process.exitCode = 1;
}

/** Rows that are missing at the beginning look like an export that begins later. */
function part([first]) {
  return first === undefined || first.prev === CHAIN_START
    ? ''
    : ' It is a part: it does not begin with the first day of the ledger.';
}

function fail(message) {
  console.error(`Nothing was checked: ${message}`);
  process.exitCode = 2;
}
