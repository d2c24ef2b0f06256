import { readFileSync } from 'node:fs';
import { ACTIONS } from '../../src/domain/actions.js';
import { ROLES } from '../../src/access/roles.js';
import { ACCESS_DOCUMENT } from '../../src/http/error.filter.js';
import { actionsIn, operations } from '../support/openapi.js';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const document = read('docs/access.md');

/** The cells of the table below a heading, without backquotes; a cell with commas is a list. */
function table(heading: string): string[][] {
  const [, section = ''] = document.split(`\n## ${heading}\n`);
  const rows = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

describe('docs/access.md', () => {
  it('lists the roles with their uids and actions', () => {
    const everything = ACTIONS.join(', ');
    expect(table('Roles').map(([name, uid, , actions]) => [name, uid, actions])).toEqual(
      ROLES.map(({ name, uid, actions }) => [
        name,
        uid,
        actions.join(', ') === everything ? 'every action' : actions.join(', '),
      ]),
    );
  });

  it('lists every action with the operations that need it', () => {
    const needed = ACTIONS.map((action) => {
      const own = operations().filter(({ requiredAction }) => actionsIn(requiredAction).includes(action));
      const names = own.map(({ method, path }) => `${method} ${path}`);
      return [action, names.length === 0 ? 'none in this version' : names.join(', ')];
    });
    expect(table('Actions')).toEqual(needed);
  });

  it('gives in its commands only roles that there are', () => {
    const uids = [...document.matchAll(/\b(?:fixed|basic)_[\w-]+/g)].map(([uid]) => uid);
    expect(uids.filter((uid) => !ROLES.some((role) => role.uid === uid))).toEqual([]);
  });

  it('is where the log of a 403 leads to, at a heading that is there', () => {
    const [path = '', anchor = ''] = ACCESS_DOCUMENT.split('#');
    const anchors = [...read(path).matchAll(/^## (.+)$/gm)].map(([, title = '']) =>
      title.toLowerCase().replaceAll(' ', '-'),
    );
    expect([path, anchors.includes(anchor)]).toEqual(['docs/access.md', true]);
  });

  it.each(['README.md', 'docs/errors.md', 'docs/openapi.yaml'])('is linked by %s', (path) => {
    expect(read(path)).toContain('access.md');
  });
});
