// Puts what the programs load into few files: dist/main.js and the other programs, with dist/chunks beside them. Node takes longer
// to find, read and link two thousand modules than to run them (docs/performance.md, "Start and memory").
// The other modules of dist stay, for the scripts and tests that load one of them.
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const PROGRAMS = ['main', 'quickstart', 'issuer-server/main', 'cli/main'];

/** Loaded from node_modules: they are asked for where they are used alone, and PGlite finds its own files beside it. */
const OWN_FILES = [/^@electric-sql\/pglite/, /^yaml$/];
/** Packages that ours ask for and do without. */
const ABSENT = [/^@nestjs\/(microservices|websockets)/, /^class-transformer/, /^pg-native$/];

/** @nestjs/typeorm asks typeorm by `require` for a class of releases before 1.0, and so would load its second copy. */
const ONE_TYPEORM = {
  name: 'one-typeorm',
  transform: {
    filter: { id: /@nestjs\/typeorm\/dist\/common\/typeorm-compat\.js$/ },
    handler(code) {
      const changed = code.replace("require('typeorm')", '{}');
      if (changed === code)
        throw new Error('@nestjs/typeorm no longer asks for typeorm by require: remove ONE_TYPEORM');
      // Nothing moved, so the map of the file holds.
      return { code: changed, map: null };
    },
  },
};

const bundle = await rolldown({
  input: Object.fromEntries(PROGRAMS.map((name) => [name, `${DIST}${name}.js`])),
  platform: 'node',
  external: [...OWN_FILES, ...ABSENT],
  plugins: [ONE_TYPEORM],
  // What it warns about may not start.
  onLog(level, { message }) {
    throw new Error(`${level}: ${message}`);
  },
});
await bundle.write({
  dir: DIST,
  format: 'es',
  // Modules run in the order in which Node would run them.
  strictExecutionOrder: true,
  // Nest and TypeORM know classes by their names.
  keepNames: true,
  sourcemap: true,
  chunkFileNames: 'chunks/[name]-[hash].js',
});
await bundle.close();
