import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { BrowserStage, describeInBrowser } from '../support/browser.js';

const TOKEN = '/api/licensing/token';

/** A page that has nothing but one form, which sends what a JSON reader takes for an empty object. */
const FORM = '<form method="post" enctype="text/plain"><input name="{}"></form>';

describeInBrowser('a page of a stranger', () => {
  let stage: BrowserStage;
  let stranger: Server;
  let own: Page;
  /** What the service has recorded of changes, and has been let do by the issuer. */
  const traces = async () => [
    (await stage.call('GET', '/api/audit?limit=1000')).records.length,
    stage.issuer.renewals.length,
    (await stage.call('GET', TOKEN)).jti,
  ];

  beforeAll(async () => {
    stage = await BrowserStage.start();
    await stage.install({ lid: 'L-1', jti: 'T-1' });
    stranger = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end(FORM);
    });
    await new Promise<void>((listening) => stranger.listen(0, '127.0.0.1', listening));
  });
  beforeEach(async () => {
    ({ page: own } = await stage.signIn('overview'));
    await own.getByRole('region', { name: 'At a glance' }).waitFor();
  });
  afterEach(async () => stage.closePages());
  afterAll(async () => {
    stranger.close();
    await stage.stop();
  });

  describe.each([
    ['of another site', '127.0.0.1'],
    ['of the same host at another port, which gets the cookie sent', 'localhost'],
  ])('%s', (_, host) => {
    let other: Page;
    let service: string;

    beforeEach(async () => {
      // In the browser that has the session of the caller.
      other = await own.context().newPage();
      await beginAnew();
      service = new URL(stage.address).origin;
    });

    const beginAnew = () => other.goto(`http://${host}:${(stranger.address() as AddressInfo).port}/`);

    /** Runs in the page of the stranger. */
    const inPage = async <T>(script: string): Promise<T> =>
      other.evaluate<T>(`(async () => { ${script} })()`);

    /** After all of it the session works as before, and nothing is recorded. */
    const expectNoTrace = async (attack: () => Promise<void>) => {
      const before = await traces();
      const cookies = await own.context().cookies();
      await attack();
      expect(await traces()).toEqual(before);
      expect(await own.context().cookies()).toEqual(cookies);
      await own.reload();
      await own.getByRole('button', { name: 'Sign out' }).waitFor();
    };

    it('changes nothing by a form, and sees a refusal', async () => {
      await expectNoTrace(async () => {
        for (const path of [`${TOKEN}/renew`, `${TOKEN}/rollback`, '/ui/session']) {
          const submit = `document.forms[0].action = '${service}${path}'; document.forms[0].submit()`;
          const answered = other.waitForResponse((response) => response.url().endsWith(path));
          await inPage(submit);
          expect([path, (await answered).status()]).toEqual([path, path === '/ui/session' ? 400 : 401]);
          await other.waitForURL((url) => url.pathname === path);
          await beginAnew();
        }
      });
    });

    it('reads and changes nothing by fetch with the cookie', async () => {
      await expectNoTrace(async () => {
        for (const mode of ['cors', 'no-cors']) {
          for (const [method, path, type] of [
            ['GET', TOKEN, ''],
            ['GET', '/ui/session', ''],
            ['POST', `${TOKEN}/renew`, 'text/plain'],
            ['POST', `${TOKEN}/renew`, 'application/json'],
            ['POST', '/ui/session', 'text/plain'],
            ['DELETE', '/ui/session', ''],
            ['DELETE', TOKEN, 'application/json'],
          ]) {
            const got = await inPage<string>(
              `const answer = await fetch('${service}${path}', {
                 method: '${method}', mode: '${mode}', credentials: 'include',
                 ...('${method}' === 'GET' ? {} : { body: '{}' }),
                 headers: '${type}' === '' ? {} : { 'Content-Type': '${type}' },
               }).catch(() => undefined);
               return answer === undefined ? '' : await answer.text();`,
            );
            expect([mode, method, path, got]).toEqual([mode, method, path, '']);
          }
        }
      });
    });

    it('shows nothing of it as an image, a script, a style, a frame or by a socket', async () => {
      await expectNoTrace(async () => {
        const loaded = await inPage<string[]>(
          `const load = (name, attributes) => new Promise((resolve) => {
             const element = Object.assign(document.createElement(name), attributes);
             element.onload = () => resolve(name + ' loaded');
             element.onerror = () => resolve(name + ' refused');
             document.body.append(element);
           });
           const socket = new Promise((resolve) => {
             const one = new WebSocket('${service.replace('http', 'ws')}${TOKEN}');
             one.onopen = () => resolve('socket opened');
             one.onerror = () => resolve('socket refused');
           });
           return Promise.all([
             load('img', { src: '${service}${TOKEN}' }),
             load('img', { src: '${service}/ui/assets/icon.svg' }),
             load('script', { src: '${service}${TOKEN}' }),
             load('link', { rel: 'stylesheet', href: '${service}/ui/session' }),
             socket,
           ]);`,
        );
        expect(loaded).toEqual([
          ...['img refused', 'img refused', 'script refused', 'link refused', 'socket refused'],
        ]);
        const frame = await inPage<string>(
          `const frame = document.createElement('iframe');
           const shown = new Promise((resolve) => { frame.onload = resolve; });
           frame.src = '${service}/ui/';
           document.body.append(frame);
           await shown;
           try { return frame.contentDocument === null ? 'closed' : 'open'; } catch { return 'closed'; }`,
        );
        expect(frame).toBe('closed');
        const framed = other.frames().find((one) => one !== other.mainFrame());
        // The browser tells of an address some time after it has loaded it.
        if (framed?.url() === '') await other.waitForEvent('framenavigated', (one) => one === framed);
        expect(framed?.url()).toMatch(/^chrome-error:/);
      });
    });

    it('has no hold on a window of the page that it opens', async () => {
      await expectNoTrace(async () => {
        const [opened] = await Promise.all([
          own.context().waitForEvent('page'),
          inPage(`window.held = window.open('${service}/ui/')`),
        ]);
        // A browser does not send the cookie with it: the page asks by itself, as its own.
        await opened.getByRole('button', { name: 'Sign out' }).waitFor();
        expect(await inPage('return [held.closed, held.length]')).toEqual([true, 0]);
        expect(await opened.evaluate('window.opener')).toBeNull();
      });
    });
  });
});
