import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AuditSealer } from '../../src/audit/audit-sealer.js';
import { AuditStage } from './audit-stage.js';

const SCRIPT = fileURLToPath(new URL('../../scripts/verify-audit.mjs', import.meta.url));

describe('npm run audit:verify', () => {
  const directory = mkdtempSync(join(tmpdir(), 'licentia-audit-'));
  let stage: AuditStage;
  let lines: string[];
  let key: string;
  let head: string;

  beforeAll(async () => {
    stage = await AuditStage.open();
    await stage.record('a', 'b', 'c');
    const sealer = stage.replica(AuditSealer);
    lines = (await sealer.export(0)).trimEnd().split('\n');
    const seal = await sealer.head();
    [key, head] = [seal?.key ?? '', seal?.hash ?? ''];
  });

  afterAll(async () => {
    await stage.close();
    rmSync(directory, { recursive: true });
  });

  function verify(text: string, ...more: string[]): [status: number | null, said: string] {
    const file = join(directory, 'audit.jsonl');
    writeFileSync(file, text);
    const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, file, ...more], {
      encoding: 'utf8',
    });
    return [status, `${stdout}${stderr}`.trim()];
  }

  const text = (some: readonly string[]) => some.map((line) => `${line}\n`).join('');

  it('finds nothing in a sound log, and says who signed it', () => {
    expect(verify(text(lines), '--key', key, '--head', head)).toEqual([
      0,
      `The audit log is sound: 3 records in 1 segments, numbers 1 to 4.\nSigned by ${key}.`,
    ]);
  });

  it('names the first record that is wrong', () => {
    const changed = lines.with(1, (lines[1] ?? '').replace('"b"', '"x"'));
    expect(verify(text(changed))).toEqual([
      1,
      expect.stringMatching(/^Line 2 \(number 2, record \d+\): it was changed/),
    ]);
    expect(verify(text(lines.toSpliced(1, 1)))[1]).toMatch(
      /^Line 2 \(number 3, .*2 to 2 before it are missing/,
    );
    expect(verify(text(lines), '--key', 'another')[1]).toMatch(/^Line 4 \(number 4.* another key/);
    expect(verify(text(lines), '--head', 'another')[1]).toMatch(/^Line 5 \(the end\): /);
  });

  it('names the line that is no record', () => {
    const twice = lines.with(1, (lines[1] ?? '').replace('{', '{"actor":"x",'));
    expect(verify(`\n${text(twice)}`)).toEqual([2, 'Nothing was checked: line 3: it has a duplicate member']);
    expect(verify(text(lines.with(2, '[]')))).toEqual([2, 'Nothing was checked: line 3 is no JSON object']);
  });

  it('ends with 2 where there is nothing to check', () => {
    expect(verify('no JSON')).toEqual([2, 'Nothing was checked: line 1: it is not JSON']);
    expect(spawnSync(process.execPath, [SCRIPT, join(directory, 'none')]).status).toBe(2);
    expect(spawnSync(process.execPath, [SCRIPT]).status).toBe(2);
  });
});
