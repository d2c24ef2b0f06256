// A process of its own on an embedded database, run from the build: node embedded-process.mjs <task> <directory>
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { DataSource } from 'typeorm';
import { embeddedDriver } from '../../dist/database/embedded/embedded-driver.js';

const [, , task, directory] = process.argv;
const say = (message) => fs.writeSync(1, `${message}\n`);

let syncs = 0;
let diskFails = false;
const { fsyncSync } = fs;
fs.fsyncSync = (file) => {
  if (diskFails) throw Object.assign(new Error('EIO'), { code: 'EIO' });
  fsyncSync(file);
  syncs += 1;
};
syncBuiltinESMExports();

const dataSource = new DataSource({
  type: 'postgres',
  driver: embeddedDriver({ directory }),
  logging: false,
});
const add = () => dataSource.query('INSERT INTO written DEFAULT VALUES RETURNING id');
const ids = async () => (await dataSource.query('SELECT id FROM written ORDER BY id')).map(({ id }) => id);

const tasks = {
  /** Holds the directory until it is killed, or until its input ends. */
  async hold() {
    say('open');
    await new Promise((resolve) => process.stdin.resume().on('end', resolve));
  },

  /** Adds rows until it is killed, and tells each that was acknowledged. */
  async write() {
    for (;;) say((await add())[0].id);
  },

  /** Tells how many calls of fsync one acknowledged row took, and one that was only read. */
  async sync() {
    await add();
    const before = syncs;
    await add();
    const written = syncs;
    await ids();
    say(JSON.stringify({ write: written - before, read: syncs - written }));
  },

  /** Tells what writes at the same time answer while the disk fails, and what is there afterwards. */
  async disk() {
    const [{ id: before }] = await add();
    diskFails = true;
    const answers = await Promise.allSettled([add(), add(), add()]);
    diskFails = false;
    const [{ id: after }] = await add();
    const there = await ids();
    const errors = answers.map(({ reason }) => reason?.message);
    say(JSON.stringify({ errors, before: there.includes(before), after: there.includes(after) }));
  },

  /** Tells what writes answer while there are no file descriptors, and what is there afterwards. */
  async descriptors() {
    await add();
    const taken = [];
    const takeAllBut = (free) => {
      try {
        for (;;) taken.push(fs.openSync('/dev/null'));
      } catch ({ code }) {
        if (code !== 'EMFILE') throw code;
      }
      for (let count = 0; count < free; count += 1) fs.closeSync(taken.pop());
    };
    const giveBack = () => taken.splice(0).forEach((file) => fs.closeSync(file));
    const answers = [];
    const attempt = async (work) =>
      answers.push(
        await work().then(
          () => 'done',
          ({ message }) => message,
        ),
      );
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query('INSERT INTO written VALUES (-1)');
    takeAllBut(0);
    await attempt(() => runner.query('INSERT INTO written VALUES (-2)'));
    await runner.release();
    giveBack();
    await attempt(add);
    // Postgres takes the only one for a table that it keeps open, and there is none to look at what it did.
    takeAllBut(1);
    await attempt(() => dataSource.query('INSERT INTO written VALUES (100); SELECT FROM pg_ts_dict'));
    giveBack();
    await attempt(add);
    say(JSON.stringify({ answers, ids: await ids() }));
  },
};

try {
  await dataSource.initialize();
  await dataSource.query('CREATE TABLE IF NOT EXISTS written (id serial PRIMARY KEY)');
  await tasks[task]();
  await dataSource.destroy();
} catch ({ code, message }) {
  say(`${code ?? 'failed'}: ${message}`);
}
