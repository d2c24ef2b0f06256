import { existsSync, readFileSync } from 'node:fs';

const root = new URL('../../', import.meta.url);
const model =
  readFileSync(new URL('SECURITY.md', root), 'utf8').split('\n## Threat model\n')[1]?.split('\n## ')[0] ?? '';

/** The rows of the table of threats: kind, threat, what stands against it, tests. */
const threats = model
  .split('\n')
  .filter((line) => /^\| [A-Z] \|/.test(line))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

describe('The threat model in SECURITY.md', () => {
  it('has threats of every kind', () => {
    expect(threats.length).toBeGreaterThan(15);
    expect([...new Set(threats.map(([kind]) => kind))].sort()).toEqual(['D', 'E', 'I', 'R', 'S', 'T']);
    expect(new Set(threats.map(([, threat]) => threat)).size).toBe(threats.length);
  });

  it.each(threats.map((cells) => [cells[1] as string, cells] as const))(
    'names tests that exist for: %s',
    (_, cells) => {
      expect(cells).toHaveLength(4);
      expect(cells[2]).toMatch(/\w/);
      expect(cells[3]).toMatch(/^`test\/[\w/.-]+`(, `test\/[\w/.-]+`)*$/);
      const files = [...(cells[3] as string).matchAll(/`([^`]+)`/g)].map(([, file]) => file as string);
      for (const file of files) {
        expect([file, existsSync(new URL(file, root))]).toEqual([file, true]);
        expect(file).toMatch(/\.(spec|e2e)\.ts$/);
      }
    },
  );
});
