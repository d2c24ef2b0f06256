import { loadServiceConfig } from '../../src/config/service-config.js';
import { belowSubPath, DIRECT_PATHS } from '../../src/http/sub-path.js';

describe('The path that everything is served below', () => {
  it.each([
    ['https://example.com/licentia/', 'true', '/licentia'],
    ['https://example.com/a/b', 'true', '/a/b'],
    ['https://example.com//a', 'true', '//a'],
    ['http://example.com:8080/é', 'true', '/%C3%A9'],
    ['https://example.com', 'true', ''],
    ['https://example.com/licentia/', 'false', ''],
  ])('is for ROOT_URL=%s and SERVE_FROM_SUB_PATH=%s "%s"', (ROOT_URL, SERVE_FROM_SUB_PATH, subPath) => {
    expect(loadServiceConfig({ ROOT_URL, SERVE_FROM_SUB_PATH }).http.subPath).toBe(subPath);
  });

  it('is none unless the setting asks for it: a proxy may strip the path of ROOT_URL', () => {
    expect(loadServiceConfig({ ROOT_URL: 'https://example.com/licentia/' }).http.subPath).toBe('');
  });
});

describe('A request target', () => {
  it.each([
    ['/licentia/api/licensing/check', '/api/licensing/check'],
    ['/licentia/api/licensing/timeline?at=1', '/api/licensing/timeline?at=1'],
    ['/licentia/', '/'],
    ['/licentia//api', '//api'],
    ['/licentia/healthz', '/healthz'],
    ['/licentia/licentia/healthz', '/licentia/healthz'],
    ['/licentia', '*'],
    ['/licentia?a', '*'],
    ['/licentiax/api/licensing/check', '*'],
    ['/Licentia/api/licensing/check', '*'],
    ['//licentia/api/licensing/check', '*'],
    ['/%6Cicentia/api/licensing/check', '*'],
    ['/licentia%2Fapi/licensing/check', '*'],
    ['/x/../licentia/api/licensing/check', '*'],
    ['/api/licensing/check', '*'],
    ['/', '*'],
    ['*', '*'],
  ])('below /licentia: %s is routed as %s', (target, routed) => {
    expect(belowSubPath('/licentia')(target)).toBe(routed);
    expect(belowSubPath('')(target)).toBe(target);
  });

  it.each(DIRECT_PATHS)('%s of those who come without the proxy stays where it is', (path) => {
    const routed = belowSubPath('/licentia');
    expect([routed(path), routed(`${path}?x=1`), routed(`${path}/`)]).toEqual([path, `${path}?x=1`, '*']);
    // Also where the sub path begins alike.
    expect(belowSubPath('/api')(path)).toBe(path);
  });
});
