import { DAY } from '../../src/domain/clock.js';
import { applyMigrations } from '../../src/database/migrate.js';
import { testDatabase } from '../support/database.js';
import { fill, openAs, PROGRAMS, shapesOf } from './shape.js';

const NAME = 'AuthoritySetBack1796000000000';

it.each([
  ['on a server counts as the present, as releases before took no notice of it', null, 0],
  ['of an embedded database stays, as an operator has to confirm the clock', 'a run of a machine', 5 * DAY],
])('a last use that lies ahead %s', async (_, bootId, ahead) => {
  const shapes = PROGRAMS.flatMap((program) => shapesOf(program));
  const before = shapes[shapes.findIndex(({ migration }) => migration === NAME) - 1];
  if (before === undefined) throw new Error('no shape is before the migration');
  const database = await testDatabase('none');
  try {
    await fill(before, database);
    const dataSource = await openAs({ ...before, count: before.count + 1 }, database);
    try {
      const now = Math.floor(Date.now() / 1000);
      await dataSource.query('UPDATE issuer_record SET last_seen = $1, boot_id = $2', [
        now + 5 * DAY,
        bootId,
      ]);
      await applyMigrations(dataSource);
      const [row] = await dataSource.query('SELECT last_seen FROM issuer_record');
      expect(Math.round((Number(row.last_seen) - now) / DAY) * DAY).toBe(ahead);
    } finally {
      await dataSource.destroy();
    }
  } finally {
    await database.drop();
  }
});
