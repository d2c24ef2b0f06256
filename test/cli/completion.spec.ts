import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { commandsOf, nameOf } from '../../src/cli/document.js';
import { createProgram } from '../../src/cli/program.js';
import type { Surroundings } from '../../src/cli/surroundings.js';
import { CommandStage } from './command-stage.js';

const isThere = (shell: string) => spawnSync(shell, ['--version']).status === 0;

describe('licentia completion', () => {
  let stage: CommandStage;

  beforeEach(() => {
    stage = new CommandStage();
  });

  afterEach(() => stage.close());

  async function script(shell: string): Promise<string> {
    const { code, stdout, stderr } = await stage.run(`completion ${shell}`);
    expect([code, stderr]).toEqual([0, '']);
    return stage.file(`completion.${shell}`, stdout);
  }

  /** What bash offers for a line, of which the last word is being typed. */
  async function offers(line: string): Promise<string[]> {
    const words = line.split(' ');
    const lines = [
      `source ${await script('bash')}`,
      `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}`,
      '_licentia',
      'printf "%s\\n" "${COMPREPLY[@]}"',
    ];
    const options = { encoding: 'utf8', env: { PATH: process.env.PATH, HOME: stage.home } } as const;
    const text = execFileSync('bash', ['--norc', '-uc', lines.join('\n')], options);
    return text.split('\n').filter((word) => word !== '');
  }

  it.each([
    ['licentia ch', ['check']],
    ['licentia usage sess', ['session', 'session-end']],
    ['licentia usage history --f', ['--from']],
    ['licentia --url http://x role h', ['holders']],
    ['licentia completion ', ['bash', 'zsh', 'fish']],
    [
      'licentia verify --',
      ['--keys', '--issuer', '--root-url', '--product', '--at', '--json', '--quiet', '--help'],
    ],
    ['licentia verify --keys ', []],
    ['licentia install ', []],
    ['licentia explain --at ', []],
    ['licentia frobnicate x', []],
  ])('offers what goes on from "%s", in bash', async (line, words) => {
    expect(await offers(line)).toEqual(words);
  });

  it('offers every command and every option that there is', async () => {
    const program = createProgram({} as Surroundings, () => undefined);
    for (const command of commandsOf(program).slice(0, 12)) {
      const name = nameOf(command);
      expect(await offers(name)).toContain(command.name());
      const flags = command.options.map(({ long }) => long);
      expect((await offers(`${name} --`)).sort()).toEqual([...flags, '--help'].sort());
    }
    const { stdout } = await stage.run('completion bash');
    for (const command of commandsOf(program))
      expect(stdout).toContain(`'/${nameOf(command).split(' ').slice(1).join('/')}')`);
  });

  it('offers the profiles that exist', async () => {
    expect(await offers('licentia show --profile ')).toEqual([]);
    mkdirSync(join(stage.home, '.config/licentia/profiles'), { recursive: true });
    stage.file('.config/licentia/profiles/default.json', '{}');
    stage.file('.config/licentia/profiles/staging.json', '{}');
    expect(await offers('licentia show --profile ')).toEqual(['default', 'staging']);
    expect(await offers('licentia show --profile st')).toEqual(['staging']);
  });

  it('completes in a bash that a person types into, files too', async () => {
    const path = await script('bash');
    stage.file('license.jwt', 'x');
    const typed = `PS1=; cd ${stage.home}; licentia() { printf '<%s>' "$@"; echo; }; source ${path}\nlicentia usa\tsho\t\nlicentia install lic\t\nexit\n`;
    const { stdout } = spawnSync('bash', ['--norc', '-i'], {
      input: typed,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: stage.home, TERM: 'dumb' },
    });
    expect(stdout).toContain('<usage><show>');
    expect(stdout).toContain('<install><license.jwt>');
  });

  it.each(['bash', 'zsh', 'fish'].filter(isThere))('is a script that %s reads', async (shell) => {
    const path = await script(shell);
    expect(spawnSync(shell, ['-n', path], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });

  it('has one for these shells alone', async () => {
    const refused = await stage.run('completion tcsh');
    expect(refused).toMatchObject({ code: 64, stdout: '' });
    expect(refused.stderr).toContain('bash, zsh, fish');
  });
});
