import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SERVICE = { list: 'src/schema/service-schema.ts', directory: 'src/schema/migrations' };
const ISSUER = {
  list: 'src/issuer-server/issuer-server-schema.ts',
  directory: 'src/issuer-server/migrations',
};

describe('npm run migration:new', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'licentia-migration-'));
    for (const { list, directory } of [SERVICE, ISSUER]) {
      cpSync(join(ROOT, list), join(root, list));
      cpSync(join(ROOT, directory), join(root, directory), { recursive: true });
    }
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  const filesOf = ({ directory }: typeof SERVICE) => readdirSync(join(root, directory)).sort();
  /** Everything that the script could have written. */
  const everything = () =>
    [SERVICE, ISSUER].map((program) => [read(program.list), filesOf(program)] as const);

  async function execute(script: string, ...args: string[]) {
    return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile(process.execPath, [script, ...args], { cwd: root }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : (error.code as number), stdout, stderr }),
      );
    });
  }

  const run = (...args: string[]) =>
    execute(join(ROOT, 'scripts/new-migration.mjs'), '--root', root, ...args);

  it.each([
    ['the service', [], SERVICE, 'license-seats', 'LicenseSeats'],
    ['the issuer', ['--issuer'], ISSUER, 'authority-license-seats', 'AuthorityLicenseSeats'],
  ])(
    'creates the next migration of %s and registers it as the last one',
    async (_, options, program, name, type) => {
      const before = filesOf(program);
      const { code, stdout } = await run('license-seats', ...options);
      expect(code).toBe(0);
      const [added, ...more] = filesOf(program).filter((file) => !before.includes(file));
      expect(more).toEqual([]);
      const number = /^(.*)-(\d{13})\.ts$/.exec(added ?? '');
      expect(number?.[1]).toBe(name);
      const numbers = before.map((file) => Number(/(\d{13})\.ts$/.exec(file)?.[1]));
      expect(Number(number?.[2])).toBeGreaterThan(Math.max(...numbers));

      const list = read(program.list);
      const className = `${type}${number?.[2]}`;
      expect(list).toContain(
        `import { ${className} } from './migrations/${added?.replace(/\.ts$/, '.js')}';\n`,
      );
      expect(list).toMatch(new RegExp(`\\d{13},\\n {4}${className},\\n {2}\\],\\n\\};\\n$`));
      expect(stdout).toContain(`${program.directory}/${added}`);
      expect(stdout).toContain(program.list);

      const style = await resolveConfig(join(ROOT, program.list));
      for (const path of [program.list, `${program.directory}/${added}`]) {
        expect(await format(read(path), { ...style, parser: 'typescript' })).toBe(read(path));
      }
    },
  );

  it('creates a class that does not compile until its statements are filled in', async () => {
    await run('license-seats');
    const added = filesOf(SERVICE).find((file) => file.startsWith('license-seats')) ?? '';
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    const path = join(SERVICE.directory, added);
    const compile = () =>
      execute(
        join(ROOT, 'node_modules/typescript/bin/tsc'),
        ...['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2023', path],
      );
    const empty = await compile();
    expect(empty.stdout.match(/error TS\d+/g)).toEqual(['error TS2554', 'error TS2554']);
    writeFileSync(join(root, path), read(path).replaceAll('query()', "query('SELECT 1')"));
    expect(await compile()).toMatchObject({ code: 0, stdout: '' });
  }, 120_000);

  it('numbers two of one day one after the other', async () => {
    await run('license-seats');
    await run('license-months');
    const numbers = ['license-seats', 'license-months'].map((name) =>
      Number(/(\d{13})\.ts$/.exec(filesOf(SERVICE).find((file) => file.startsWith(name)) ?? '')?.[1]),
    );
    expect(numbers[1]).toBeGreaterThan(numbers[0] as number);
  });

  it.each<[string, string[], RegExp, number]>([
    ['no name', [], /the name of the migration is missing/, 2],
    ['a second name', ['license', 'seats'], /"seats" is too much/, 2],
    ['capital letters', ['LicenseSeats'], /"LicenseSeats" is not a name/, 2],
    ['digits', ['seats-2'], /"seats-2" is not a name/, 2],
    ['a path', ['../seats'], /is not a name/, 2],
    ['a word of one letter, which its class could not show', ['plan-b-license'], /is not a name/, 2],
    ['the prefix of the issuer', ['authority-seats', '--issuer'], /--issuer adds that/, 2],
    ['an option that there is not', ['seats', '--isuer'], /--isuer/, 2],
    ['a name that is taken', ['stamp'], /migrations\/stamp-1765200000000\.ts: choose another/, 1],
    ['a name that the issuer has', ['boot', '--issuer'], /authority-boot-1766100000000\.ts/, 1],
  ])('writes nothing and says why for %s', async (_, args, message, code) => {
    const before = everything();
    const result = await run(...args);
    expect(result.code).toBe(code);
    expect(result.stderr).toMatch(/^Nothing was written: /);
    expect(result.stderr).toMatch(message);
    expect(everything()).toEqual(before);
  });

  it('writes nothing where the list does not look as it does here', async () => {
    writeFileSync(join(root, SERVICE.list), 'export const SERVICE_SCHEMA = {};\n');
    const before = everything();
    expect(await run('license-seats')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('register it by hand'),
    });
    expect(everything()).toEqual(before);
  });

  it('prints how to call it', async () => {
    expect(await run('--help')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/Usage: npm run migration:new -- <name>/),
    });
  });
});
