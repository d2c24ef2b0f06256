// Writes dist/data-template.tar.gz, the packed data directory that new embedded databases start from. Making one takes some
// seconds, so it is kept in .cache until PGlite or the parameters change.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import { INITDB_PARAMETERS } from '../dist/database/embedded/data-template.js';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const manifest = readFileSync(path('node_modules/@electric-sql/pglite/package.json'), 'utf8');
const key = createHash('sha256')
  .update(JSON.stringify([JSON.parse(manifest).version, INITDB_PARAMETERS]))
  .digest('hex')
  .slice(0, 16);
const cached = path(`.cache/data-template-${key}.tar.gz`);

if (!existsSync(cached)) {
  const database = await PGlite.create({ initDbStartParams: [...INITDB_PARAMETERS] });
  await database.exec('CHECKPOINT');
  const packed = await database.dumpDataDir('gzip');
  await database.close();
  mkdirSync(path('.cache'), { recursive: true });
  // Two builds may run at once.
  const unfinished = `${cached}.${process.pid}`;
  writeFileSync(unfinished, Buffer.from(await packed.arrayBuffer()));
  renameSync(unfinished, cached);
}
copyFileSync(cached, path('dist/data-template.tar.gz'));
