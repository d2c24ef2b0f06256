// Runs a TypeScript file of the repository as it is, for tools that are not built:
//
//   node scripts/run-typescript.mjs <file.ts> [arguments]
//
// The file and what it imports are translated as the tests are, by the options in jest.config.js.
import { register } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [file] = process.argv.splice(2, 1);
if (file === undefined) {
  console.error('Usage: node scripts/run-typescript.mjs <file.ts> [arguments]');
  process.exit(2);
}
register('./typescript-hooks.mjs', import.meta.url);
process.setSourceMapsEnabled(true);
process.argv[1] = resolve(file);
await import(pathToFileURL(file).href);
