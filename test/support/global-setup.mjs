// Makes one empty embedded database for the whole run: creating one takes seconds, copying it does not.
// TEST_TEMPLATE_DIRECTORY names one that is there already, for short runs one after the other.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../dist/database/data-source-options.js';

export default async function globalSetup() {
  // One seed for every suite that fuzzes; each says it.
  process.env.FUZZ_SEED ??= String(1 + Math.floor(Math.random() * 1_000_000_000));
  // And one for every long suite that runs a sample.
  process.env.SAMPLE_SEED ??= String(1 + Math.floor(Math.random() * 1_000_000_000));
  if (process.env.TEST_TEMPLATE_DIRECTORY) return;
  const directory = await mkdtemp(join(tmpdir(), 'licentia-template-'));
  const location = { kind: 'embedded', directory: join(directory, 'database') };
  const dataSource = new DataSource(dataSourceOptions(location, { entities: [], migrations: [] }));
  await dataSource.initialize();
  await dataSource.destroy();
  process.env.TEST_TEMPLATE_DIRECTORY = directory;
  globalThis.templateOfThisRun = directory;
}
