import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ProvisioningFaultsError,
  readProvisioning,
} from '../../src/accounts/provisioning/provisioning-files.js';

const HEAD = 'apiVersion: 2\n';
const LARGEST = 256 * 1024;
/** Lines of a file that is as large as may be. */
const full = (before: string, line: (index: number) => string, after = '') => {
  const lines = [before];
  let room = LARGEST - before.length - after.length;
  for (let index = 0; (room -= line(index).length) >= 0; index++) lines.push(line(index));
  return lines.join('') + after;
};
const repeated = 'Map keys must be unique';
const list = 'roles must be a list of at most 10000 entries';
const deep = 'it is nested too deeply';
const rest = expect.stringMatching(/^the rest is not listed \(faults: \d{4,6}\): correct /) as string;
const unknown = (what: string, name: string, known: string) =>
  `${what} has no member "${name}"; known are ${known}`;
const members = 'apiVersion, roles, serviceAccounts, assignments';

describe('A provisioning file of a strange shape', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'licentia-provisioning-shapes-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  const faultsOf = async (...texts: string[]) => {
    await Promise.all(texts.map((text, index) => writeFile(join(folder, `${100 + index}.yaml`), text)));
    const error = await readProvisioning(folder).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ProvisioningFaultsError);
    return (error as ProvisioningFaultsError).faults.map(({ line, rule }) => `${line}: ${rule}`);
  };

  it.each([
    ['of the file', `${HEAD}roles: []\nroles: []\n`, [`3: ${repeated}`]],
    [
      'of an entry',
      `${HEAD}roles:\n  - uid: a\n    name: b\n    permissions: []\n    uid: c\n`,
      [`6: ${repeated}`],
    ],
    [
      'in another form',
      `${HEAD}assignments:\n  - {serviceAccount: a, role: b,\n    "role": c}\n`,
      [`4: ${repeated}`],
    ],
    ['twice more', `${HEAD}roles: []\nroles: []\n'roles': []\n`, [`3: ${repeated}`, `4: ${repeated}`]],
    ['of a set', `${HEAD}roles: !!set {a, a}\n`, ['2: Unresolved tag: tag:yaml.org,2002:set', `2: ${list}`]],
  ])('is refused with the line where it repeats a key %s', async (_, text, faults) => {
    expect(await faultsOf(text)).toEqual(faults);
  });

  it.each([
    ['members', full(HEAD, (index) => `k${index}:\n`), `2: ${unknown('the file', 'k0', members)}`],
    ['repeated keys', full(`${HEAD}roles: []\n`, () => 'roles:\n'), `3: ${repeated}`],
    ['faults of YAML', full(HEAD, () => '@\n'), '2: Plain value cannot start with reserved character @'],
    ['entries', full(`${HEAD}roles:\n`, () => '- a: 1\n').slice(0, 60_000), /^3: a role has no member "a"; /],
    [
      'accounts named twice',
      `${HEAD}serviceAccounts:\n${'- name: a\n'.repeat(9_999)}`,
      /^4: this service account is /,
    ],
  ])(
    'gets the first hundred faults, and how many more there are, where it has countless %s',
    async (_, text, first) => {
      const faults = await faultsOf(text);
      expect(faults).toHaveLength(101);
      expect(faults[0]).toEqual(typeof first === 'string' ? first : expect.stringMatching(first));
      expect(faults[100]?.replace(/^\d+: /, '')).toEqual(rest);
    },
  );

  it('gets a short fault where it has a long name', async () => {
    const [fault, ...others] = await faultsOf(`${HEAD}roles: !${'a'.repeat(200_000)} b\n`);
    expect([fault?.length, others]).toEqual([303, [`2: ${list}`]]);
  });

  it.each([
    ['lists', '['.repeat(100_000), 2],
    ['maps', '{a: '.repeat(60_000), 2],
    ['pairs of a list', `[${'a: '.repeat(80_000)}]`, 2],
    ['items', '\n' + '- '.repeat(100_000), 3],
    ['keys', '\n' + ' ? '.repeat(80_000), 3],
  ])('has a fault where its %s are nested without end', async (_, text, line) => {
    expect(await faultsOf(`${HEAD}roles: ${text}`)).toEqual([`${line}: ${deep}`]);
  });

  it('may have as many levels as a provisioning needs, and more', async () => {
    expect(await faultsOf(`${HEAD}roles: ${'['.repeat(50)}${']'.repeat(50)}\n`)).toEqual([
      '2: a role must be a map',
    ]);
  });

  it('is one of as many as have 4 MiB together', async () => {
    const large = full(HEAD, () => '# a comment of some length\n');
    await Promise.all(
      Array.from({ length: 16 }, (_, index) => writeFile(join(folder, `${200 + index}.yaml`), large)),
    );
    expect(await readProvisioning(folder)).toEqual({ roles: [], serviceAccounts: [], assignments: [] });
    expect(await faultsOf(large)).toEqual(['0: the files have more than 4 MiB with this one']);
  });
});
