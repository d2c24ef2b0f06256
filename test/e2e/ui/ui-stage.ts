import { type Reply, type TestService } from '../../support/service.js';

/** What our page's calls have, and those of no other page. */
export const OWN = { 'Sec-Fetch-Site': 'same-origin' };

/** A page of the service in a browser: it keeps its cookie and says where its calls come from. */
export class TestPage {
  /** As `Cookie` has it; undefined before it is signed in. */
  cookie: string | undefined;
  /** The attributes of the cookie that was set last. */
  attributes: readonly string[] = [];

  constructor(private readonly service: TestService) {}

  /** The origin that the browser shows. */
  get origin(): string {
    return this.service.url;
  }

  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = OWN,
  ): Promise<Reply> {
    const reply = await this.service.call(method, path, {
      token: null,
      ...(body === undefined ? {} : { body }),
      headers: { ...(this.cookie === undefined ? {} : { Cookie: this.cookie }), ...headers },
    });
    for (const text of reply.headers.getSetCookie()) {
      const [pair = '', ...attributes] = text.split('; ');
      this.attributes = attributes;
      this.cookie = attributes.includes('Max-Age=0') ? undefined : pair;
    }
    return reply;
  }

  /** @param credentials - a way to sign in */
  async signIn(credentials: object): Promise<Reply> {
    return this.call('POST', '/ui/session', credentials, { ...OWN, Origin: this.origin });
  }

  /** The session's secret, as the cookie carries it. */
  get secret(): string {
    return this.cookie?.split('=')[1] ?? '';
  }
}
