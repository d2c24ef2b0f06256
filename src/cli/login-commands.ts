import { createClient } from '#client';
import { CallFailedError, CommandError } from './command-error.js';
import { chooseUrl, DEFAULT_PROFILE, tokenOfInput } from './connection.js';
import { askSecret } from './dialog.js';
import { ExitCode } from './exit-code.js';
import { DEFAULT_ISSUER_URL } from './issuer/issuer-connection.js';
import { IssuerCallError, IssuerHttp } from './issuer/issuer-http.js';
import type { LicentiaCommand } from './licentia-command.js';
import { loadProfile, profileNames, removeProfile, saveProfile, UnusableProfileError } from './profiles.js';

const PROFILE = ['--profile <name>', 'its name (LICENTIA_PROFILE; else "default")'] as const;

/** What is kept of a person: which service, and the token. */
export function addLoginCommands(program: LicentiaCommand): void {
  program
    .does<{ url?: string; profile?: string; tokenStdin?: true; issuer?: true }>(
      'login',
      {
        summary:
          'keep the address of a service or an issuer and a token in a profile, for the commands that follow',
        options: [
          ['--issuer', 'for the commands of "licentia issuer", with its ISSUER_ADMIN_TOKEN'],
          [
            '--url <address>',
            'the service (LICENTIA_URL; else that of the profile, else http://localhost:3000), or the issuer (LICENTIA_ISSUER_URL, http://localhost:3001)',
          ],
          PROFILE,
          ['--token-stdin', 'read the token from standard input instead of the terminal'],
        ],
        examples: [
          'licentia login --url https://licenses.example.com',
          'licentia login --profile staging --token-stdin < token.txt',
          'licentia login --issuer --url http://localhost:3001 --token-stdin < data/issuer-admin-token',
        ],
        json: '`{ "profile", "part", "url", "file" }`; `part` is `service` or `issuer`',
        exits:
          '0 kept, 1 if the service or the issuer refuses the token, 2 if it could not be asked. Only 0 changes the profile.',
      },
      async ({ around, options }) => {
        const { environment } = around;
        const name = options.profile ?? (environment.LICENTIA_PROFILE || DEFAULT_PROFILE);
        const part = options.issuer ? 'issuer' : 'service';
        const known = await loadProfile(around, name).catch((error: unknown) => {
          if (error instanceof UnusableProfileError) return undefined;
          // Its other part would be lost.
          throw error;
        });
        const { url } = options.issuer
          ? chooseUrl(options.url ?? environment.LICENTIA_ISSUER_URL, known?.issuer, DEFAULT_ISSUER_URL)
          : chooseUrl(options.url ?? environment.LICENTIA_URL, known?.service);
        const token = options.tokenStdin
          ? await tokenOfInput(around, url)
          : (await askSecret(around, `Token for ${url} (it is not shown): `)).trim();
        await (options.issuer ? assertIssuerToken(url, token) : assertToken(url, token));
        const file = await saveProfile(around, name, { ...known, [part]: { url, token } });
        return {
          json: { profile: name, part, url, file },
          sections: [
            {
              rows: [
                ['profile', name],
                ['part', part],
                ['url', url],
                ['file', file],
              ],
            },
          ],
          note: 'Kept. Only you can read the file.',
        };
      },
    )
    .does<{ profile?: string }>(
      'logout',
      {
        summary: 'forget a profile, its service and its issuer; its tokens stay good until they are revoked',
        options: [PROFILE],
        examples: ['licentia logout', 'licentia logout --profile staging'],
        json: '`{ "profile", "removed" }`',
        exits: '0 forgotten, 1 if there was none.',
      },
      async ({ around, options }) => {
        const profile = options.profile ?? (around.environment.LICENTIA_PROFILE || DEFAULT_PROFILE);
        const removed = await removeProfile(around, profile);
        return {
          json: { profile, removed },
          sections: [
            {
              rows: [
                ['profile', profile],
                ['removed', removed],
              ],
            },
          ],
          exitCode: removed ? 0 : 1,
        };
      },
    )
    .does(
      'profiles',
      {
        summary: 'list the profiles, their services and their issuers',
        examples: ['licentia profiles'],
        json: '`[{ "profile", "url", "issuer" }]`',
      },
      async ({ around }) => {
        const names = await profileNames(around);
        const profiles = await Promise.all(
          names.map(async (profile) => {
            const { service, issuer } = (await loadProfile(around, profile)) ?? {};
            return { profile, url: service?.url ?? null, issuer: issuer?.url ?? null };
          }),
        );
        return {
          json: profiles,
          sections: [
            {
              head: ['profile', 'url', 'issuer'],
              rows: profiles.map(({ profile, url, issuer }) => [profile, url, issuer]),
            },
          ],
        };
      },
    );
}

async function assertIssuerToken(url: string, token: string): Promise<void> {
  const timeoutMs = 60_000;
  const http = new IssuerHttp({ url, token, timeoutMs, fetch: async (request) => fetch(request) });
  try {
    await http.call('GET', 'keys', { members: ['keys'] });
  } catch (error) {
    if (!(error instanceof IssuerCallError) || error.failure.status !== 401) throw error;
    throw new CommandError(
      ExitCode.No,
      'The issuer refuses the token. Nothing was kept.',
      'Its token is the ISSUER_ADMIN_TOKEN that the issuer was started with.',
    );
  }
}

/** Whether the service knows the token: what it may do does not matter. */
async function assertToken(baseUrl: string, token: string): Promise<void> {
  const outcome = await createClient({ baseUrl, token }).GET('/api/licensing/check');
  if (outcome.ok || outcome.failure.code === 'access.denied') return;
  const { code, message, status } = outcome.failure;
  if (status !== 401) throw new CallFailedError(outcome.failure);
  throw new CommandError(
    ExitCode.No,
    `The service refuses the token: ${message} (${code}). Nothing was kept.`,
    'Make a new token: "licentia token create <account> <name>", as an administrator.',
  );
}
