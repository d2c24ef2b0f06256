import { join, resolve } from 'node:path';
import { type Environment, passwordFileOf } from '../../src/config/environment.js';

const HOME = resolve('/home/ada');
const APPDATA = resolve('/Users/ada/AppData/Roaming');
const ON_WINDOWS = join(APPDATA, 'postgresql', 'pgpass.conf');

describe('The file of passwords', () => {
  it.each<[string, NodeJS.Platform, Environment, string | undefined]>([
    ['the one in the home directory', 'linux', { HOME, APPDATA }, join(HOME, '.pgpass')],
    ['the one in APPDATA', 'win32', { HOME, APPDATA }, ON_WINDOWS],
    ['none', 'win32', { HOME }, undefined],
    ['none', 'win32', { HOME, APPDATA: '' }, undefined],
    ['that of PGPASSFILE', 'linux', { HOME, APPDATA, PGPASSFILE: '/p' }, resolve('/p')],
    ['that of PGPASSFILE', 'win32', { HOME, APPDATA, PGPASSFILE: '/p' }, resolve('/p')],
    ['none beside PGPASSWORD', 'linux', { HOME, PGPASSWORD: '' }, undefined],
    ['none beside PGPASSWORD', 'win32', { APPDATA, PGPASSWORD: '' }, undefined],
  ])('is %s on %s with %j', (_, platform, environment, file) => {
    expect(passwordFileOf(environment, platform)).toBe(file);
  });
});
