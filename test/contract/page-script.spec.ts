import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../scripts/check-page.mjs', import.meta.url));
const PAGE =
  '<link rel="stylesheet" href="./assets/s-aaaaaaaa.css"><script src="./assets/p-bbbbbbbb.js"></script>';

/** What the check says of a built page of this form. */
function check(page: string, assets: Readonly<Record<string, string>> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'licentia-page-'));
  try {
    mkdirSync(join(directory, 'assets'));
    writeFileSync(join(directory, 'index.html'), page);
    const all = { 's-aaaaaaaa.css': 'a{}', 'p-bbbbbbbb.js': '1', ...assets };
    for (const [name, text] of Object.entries(all)) writeFileSync(join(directory, 'assets', name), text);
    const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, directory], { encoding: 'utf8' });
    return { status, said: `${stdout}${stderr}` };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

describe('the check of the built page', () => {
  it('passes a page of one script and one style', () => {
    expect(check(PAGE)).toEqual({
      status: 0,
      said: expect.stringMatching(/^The page takes \d+ of 60000 bytes/),
    });
  });

  it.each<[string, string, Readonly<Record<string, string>>, string]>([
    ['is too large', PAGE, { 'x-cccccccc.js': randomBytes(60_100).toString('base64') }, '60000 are the most'],
    ['has an inline script', `${PAGE}<script>1</script>`, {}, 'a script of its own'],
    ['has an inline style', `${PAGE}<p style="color: red">`, {}, 'a style or a handler'],
    ['has an inline handler', `${PAGE}<p onclick="f()">`, {}, 'a style or a handler'],
    [
      'loads from elsewhere',
      `${PAGE}<script src="https://cdn.example/x.js"></script>`,
      {},
      'relative address',
    ],
    ['loads by an absolute path', `${PAGE}<script src="/assets/x.js"></script>`, {}, 'relative address'],
    ['has an asset without a hash', PAGE, { 'x.js': '1' }, 'no hash'],
    [
      'has a data: address',
      PAGE,
      { 'x-cccccccc.css': 'a{background:url(data:image/png;base64,AA)}' },
      'data:',
    ],
  ])('fails one that %s', (_, page, assets, fault) => {
    expect(check(page, assets)).toEqual({ status: 1, said: expect.stringContaining(fault) });
  });
});
