import { BrowserStage, describeInBrowser, OTHER_HOST } from '../support/browser.js';
import { type PathRule, ReverseProxy } from '../support/reverse-proxy.js';

const PATH = '/tools/licentia';

describeInBrowser('the page below a path, behind a proxy that ends TLS', () => {
  const rules: readonly PathRule[] = ['kept', 'stripped'];

  it.each(rules)('works where the path is %s', async (rule) => {
    const proxy = await ReverseProxy.start(PATH, rule, { names: [OTHER_HOST] });
    const address = `https://${OTHER_HOST}:${proxy.port}${PATH}/`;
    const stage = await BrowserStage.start({
      ROOT_URL: address,
      TRUST_PROXY: '127.0.0.1',
      ...(rule === 'kept' ? { SERVE_FROM_SUB_PATH: 'true' } : {}),
    });
    proxy.leadTo(stage.service.url);
    try {
      // The address of the service alone leads to the page.
      const { page, complaints } = await stage.browser.signIn(address);
      expect(page.url()).toBe(`${address}ui/`);
      await page.getByRole('region', { name: 'At a glance' }).getByText('Not licensed').waitFor();
      const cookies = await page.context().cookies();
      expect(cookies).toMatchObject([
        { name: '__Host-licentia_session', path: '/', httpOnly: true, secure: true, sameSite: 'Strict' },
      ]);
      await page.getByRole('link', { name: 'License', exact: true }).click();
      expect(page.url()).toBe(`${address}ui/#/license`);
      await page.getByRole('heading', { name: 'In the database' }).waitFor();
      await page.reload();
      await page.getByRole('heading', { name: 'In the database' }).waitFor();
      await page.getByRole('link', { name: 'Access' }).click();
      await page.getByLabel('Name of a new account').fill('license-robot');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'license-robot' }).waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByText('You are signed out.').waitFor();
      expect(await page.context().cookies()).toEqual([]);
      expect(complaints).toEqual([]);
    } finally {
      await stage.stop();
      await proxy.stop();
    }
  });
});
