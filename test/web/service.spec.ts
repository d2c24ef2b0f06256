import { serviceUrl } from '../../web/src/service.js';

describe('the address of the service', () => {
  it.each([
    ['http://localhost:3000/ui/', 'http://localhost:3000/'],
    ['https://example.com/ui/index.html', 'https://example.com/'],
    ['https://example.com/tools/licentia/ui/', 'https://example.com/tools/licentia/'],
  ])('of the page %s is %s', (page, service) => {
    expect(serviceUrl(page)).toBe(service);
  });
});
