import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const UNIT = readFileSync(join(ROOT, 'deploy/systemd/licentia.service'), 'utf8');
/** Tenths of the exposure that `systemd-analyze security` counts; 96 is a unit without any protection. */
const MAX_EXPOSURE = 20;

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
const itWithSystemd = hasSystemd ? it : it.skip;

describe('The unit of systemd', () => {
  let directory: string;
  let file: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'licentia-systemd-'));
    file = join(directory, 'licentia.service');
    // systemd looks whether the programs exist, too. Through a link: the path of a checkout can have a space.
    const checkout = join(directory, 'checkout');
    symlinkSync(ROOT, checkout);
    writeFileSync(
      file,
      UNIT.replace('/usr/bin/node', process.execPath).replaceAll('/opt/licentia', checkout),
    );
  });

  afterAll(() => rmSync(directory, { recursive: true }));

  const analyze = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', [...args, file], { encoding: 'utf8' });
    return { status, said: stdout + stderr };
  };

  // Needs systemd's own program.
  itWithSystemd('has nothing that systemd does not know', () => {
    expect(analyze('verify', '--man=no')).toEqual({ status: 0, said: '' });
  });

  itWithSystemd('exposes little', () => {
    const { status, said } = analyze('security', '--offline=true', `--threshold=${MAX_EXPOSURE}`);
    expect([status, said.split('\n').findLast((line) => line !== '')]).toEqual([
      0,
      expect.stringContaining('OK'),
    ]);
  });

  it('allows as many open files as the service wants by default', () => {
    const files = Number(/^LimitNOFILE=(\d+)$/m.exec(UNIT)?.[1]);
    const page = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8');
    const connections = Number(/^\| `MAX_CONNECTIONS` \| `(\d+)`/m.exec(page)?.[1]);
    expect(files).toBeGreaterThanOrEqual(connections + 256);
  });
});
