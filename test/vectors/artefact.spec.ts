import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readVectors, vectorFiles } from '../support/vectors.js';

const all = vectorFiles.flatMap(({ vectors }) => vectors);
const written = (count: number) => count.toLocaleString('en-US');

describe('The published vectors', () => {
  it('are what their script makes, byte for byte', () => {
    const script = fileURLToPath(new URL('../../vectors/generate.mjs', import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  }, 240_000);

  it('have the format of their schema', () => {
    const validate = new Ajv2020().compile(JSON.parse(readVectors('schema.json')) as object);
    for (const file of vectorFiles) {
      expect([file.class, validate(file), validate.errors]).toEqual([file.class, true, null]);
      expect([file.class, file.vectors.length]).toEqual([file.class, file.count]);
    }
  });

  it('have an id each, and no token twice at one moment', () => {
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(new Set(all.map(({ now, token }) => `${now} ${token}`)).size).toBe(all.length);
    expect(all.length).toBeGreaterThan(1000);
  });

  it.each(['vectors/README.md', 'docs/verification.md'])('are counted rightly in %s', (name) => {
    const text = readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
    for (const { class: of, count, vectors } of vectorFiles) {
      const accepted = vectors.filter(({ verdict }) => verdict === 'accept').length;
      expect(text).toContain(`| \`${of}\` | ${written(count)} | ${written(accepted)} |`);
    }
    const accepted = all.filter(({ verdict }) => verdict === 'accept').length;
    expect(text).toContain(`| all | ${written(all.length)} | ${written(accepted)} |`);
  });
});
