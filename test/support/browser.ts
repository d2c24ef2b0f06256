import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, chromium, type Page, type ViewportSize } from 'playwright-core';
import { FakeIssuer } from './fake-issuer/fake-issuer.js';
import { BOOTSTRAP_TOKEN } from './service.js';
import { ServiceProcess } from './service-process.js';
import type { Overrides } from './tokens.js';

/** What a violation of the policy of a page begins with, on its console. */
const VIOLATION = 'policy violated:';

/** The browser of the tests: Debian's, or the one that `CHROMIUM_PATH` names. */
const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
/** The root URL of the services under test, and of the fake issuer's licenses. */
export const ROOT_URL = 'http://localhost:3000/';

/** How long a test waits for what must appear, milliseconds: other tests keep the machine busy. */
const PATIENCE_MS = 60_000;

/** `describe` where there is a browser. Elsewhere its tests are skipped, and a line says so. */
export function describeInBrowser(name: string, tests: () => void): void {
  if (existsSync(CHROMIUM)) return describe(name, tests);
  process.stderr.write(`"${name}" is skipped: no browser is at ${CHROMIUM} (CHROMIUM_PATH names another)\n`);
  describe.skip(name, tests);
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The rules of WCAG 2.2 AA that a page breaks as it is shown, a line for each place. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
  await page.evaluate(AXE);
  return page.evaluate(async (values) => {
    const { axe } = globalThis as unknown as { axe: { run: (options: object) => Promise<AxeResults> } };
    const { violations } = await axe.run({ runOnly: { type: 'tag', values } });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
  }, tags);
}

/** {@link accessibilityFaults} of the dark theme and the light one, in which the page stays. */
export async function faultsInBothThemes(page: Page): Promise<string[]> {
  const faults: string[] = [];
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    faults.push(...(await accessibilityFaults(page)).map((fault) => `${colorScheme}: ${fault}`));
  }
  return faults;
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly target: string[] }[];
  }[];
}

/** The address of the page of a service, by a name that browsers take for this machine. */
export function addressOf({ url }: { readonly url: string }): string {
  return `http://localhost:${new URL(url).port}/ui/`;
}

/** A page of a browser, and what the policy of the page refused in it. */
export interface OpenPage {
  readonly page: Page;
  /** Violations of the policy, and exceptions that nothing caught. */
  readonly complaints: string[];
}

/** Names of other hosts that lead to this machine, as in a network with a name server of its own. */
export const OTHER_HOST = 'licenses.example.com';

/** An installed Chromium. Each page is opened without a past. */
export class TestBrowser {
  readonly #contexts: BrowserContext[] = [];

  private constructor(private readonly browser: Browser) {}

  static async start(): Promise<TestBrowser> {
    const args = [`--host-resolver-rules=MAP ${OTHER_HOST} 127.0.0.1`];
    // Chromium's sandbox does not run as root, which tests in containers are.
    if (process.getuid?.() === 0) args.push('--no-sandbox');
    return new TestBrowser(await chromium.launch({ executablePath: CHROMIUM, args }));
  }

  async stop(): Promise<void> {
    await this.browser.close();
  }

  /** Certificates are not looked at: those of the tests are their own. */
  async open(address: string, viewport: ViewportSize = { width: 1280, height: 900 }): Promise<OpenPage> {
    const context = await this.browser.newContext({ viewport, ignoreHTTPSErrors: true });
    this.#contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.text().startsWith(VIOLATION)) complaints.push(message.text());
    });
    await page.addInitScript(
      `addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) =>
         console.error('${VIOLATION}', effectiveDirective, blockedURI))`,
    );
    await page.goto(address);
    return { page, complaints };
  }

  /** Opens a page and signs in with a token. */
  async signIn(address: string, token = BOOTSTRAP_TOKEN, viewport?: ViewportSize): Promise<OpenPage> {
    const opened = await this.open(address, viewport);
    const { page } = opened;
    await page.getByRole('radio', { name: 'Token' }).check();
    await page.locator('input[name=token]').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    return opened;
  }

  /** Closes all pages. */
  async closePages(): Promise<void> {
    for (const context of this.#contexts.splice(0)) await context.close();
  }
}

/** The built service, an issuer and a browser, each a process of its own but for the issuer. */
export class BrowserStage {
  private constructor(
    readonly issuer: FakeIssuer,
    readonly service: ServiceProcess,
    readonly browser: TestBrowser,
  ) {}

  static async start(environment: Readonly<Record<string, string>> = {}): Promise<BrowserStage> {
    const issuer = await FakeIssuer.start();
    const service = await ServiceProcess.start({
      DATABASE_URL: 'pglite://memory',
      ROOT_URL,
      ISSUER_URL: issuer.url,
      ...environment,
    });
    return new BrowserStage(issuer, service, await TestBrowser.start());
  }

  async stop(): Promise<void> {
    await this.browser.stop();
    await this.service.kill('SIGTERM');
    await this.issuer.stop();
  }

  /** The address of the page, by a name that browsers take for this machine. */
  get address(): string {
    return addressOf(this.service);
  }

  /** Opens the page. */
  async open(hash = '', viewport?: ViewportSize): Promise<OpenPage> {
    return this.browser.open(`${this.address}${hash}`, viewport);
  }

  /** Opens a view and signs in with a token. */
  async signIn(view: string, token?: string, viewport?: ViewportSize): Promise<OpenPage> {
    return this.browser.signIn(`${this.address}#/${view}`, token, viewport);
  }

  async closePages(): Promise<void> {
    await this.browser.closePages();
  }

  /** Calls the API as the administrator. @returns the parsed answer */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into it as they please
  async call(method: string, path: string, body?: unknown): Promise<any> {
    const { status, text } = await this.service.call(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  /** Installs a license of the issuer by the API, over any that is there. */
  async install(claims: Overrides): Promise<void> {
    await this.call('POST', '/api/licensing/token', { token: this.issuer.token(claims), acknowledge: true });
  }

  /** A new service account with these roles. @returns a token of it */
  async caller(name: string, ...roleUids: string[]): Promise<string> {
    const { id } = await this.call('POST', '/api/serviceaccounts', { name });
    for (const roleUid of roleUids)
      await this.call('POST', `/api/access-control/users/${id}/roles`, { roleUid });
    return (await this.call('POST', `/api/serviceaccounts/${id}/tokens`, { name: 'token' })).key;
  }
}
