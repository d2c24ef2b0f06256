import {
  connectionsThatFit,
  maxOpenFiles,
  openFilesWarning,
  tooFewForEmbedded,
} from '../../src/config/open-files.js';

const limits = (soft: string) =>
  [
    'Limit                     Soft Limit           Hard Limit           Units     ',
    'Max processes             2000                 2000                 processes ',
    `Max open files            ${soft.padEnd(20)} 524288               files     `,
    'Max locked memory         8388608              8388608              bytes     ',
  ].join('\n');

describe('The limit on open files', () => {
  it.each([
    [limits('1024'), 1024],
    [limits('unlimited'), undefined],
    ['', undefined],
  ])('is the soft one', (text, most) => {
    expect(maxOpenFiles(text)).toBe(most);
  });

  it.each([
    [4000, '1024', /may have 1024 files .* 4000 connections need 4256: .*MAX_CONNECTIONS/],
    [4000, '4255', /4255/],
    [768, '1023', /1023/],
  ])('is too low for %i connections: %s', (connections, soft, warning) => {
    expect(openFilesWarning(connections, limits(soft))).toMatch(warning);
  });

  it.each([
    [4000, '4256'],
    [768, '1024'],
    [65_535, 'unlimited'],
  ])('is high enough for %i connections: %s', (connections, soft) => {
    expect(openFilesWarning(connections, limits(soft))).toBeUndefined();
  });

  it.each([
    ['255', /may have 255 files .* an embedded database needs 256: raise the limit/],
    ['256', undefined],
    ['unlimited', undefined],
  ])('is compared with what an embedded database needs: %s', (soft, fault) => {
    const said = tooFewForEmbedded(limits(soft));
    if (fault === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(fault);
  });

  it.each([
    [4000, '4256', 4000],
    [4000, '1024', 768],
    [800, '300', 44],
    [4000, '200', 10],
    [4000, 'unlimited', 4000],
  ])('bounds %i connections where it is %s: %i', (connections, soft, fitting) => {
    expect(connectionsThatFit(connections, limits(soft))).toBe(fitting);
  });

  it('is nothing to warn about where the system does not say', () => {
    expect(openFilesWarning(65_535, '')).toBeUndefined();
  });
});
