import { createClient } from '#client';
import { CallFailedError, CommandError } from './command-error.js';
import { chooseUrl, DEFAULT_PROFILE } from './connection.js';
import { askSecret, readInput } from './dialog.js';
import { ExitCode } from './exit-code.js';
import type { LicentiaCommand } from './licentia-command.js';
import { loadProfile, profileNames, removeProfile, saveProfile } from './profiles.js';

const PROFILE = ['--profile <name>', 'its name (LICENTIA_PROFILE; else "default")'] as const;

/** What is kept of a person: which service, and the token. */
export function addLoginCommands(program: LicentiaCommand): void {
  program
    .does<{ url?: string; profile?: string; tokenStdin?: true }>(
      'login',
      {
        summary: 'keep the address of a service and a token in a profile, for the commands that follow',
        options: [
          [
            '--url <address>',
            'the service (LICENTIA_URL; else that of the profile, else http://localhost:3000)',
          ],
          PROFILE,
          ['--token-stdin', 'read the token from standard input instead of the terminal'],
        ],
        examples: [
          'licentia login --url https://licenses.example.com',
          'licentia login --profile staging --token-stdin < token.txt',
        ],
        json: '`{ "profile", "url", "file" }`',
        exits:
          '0 kept, 1 if the service refuses the token, 2 if it could not be asked. Only 0 changes the profile.',
      },
      async ({ around, options }) => {
        const name = options.profile ?? (around.environment.LICENTIA_PROFILE || DEFAULT_PROFILE);
        const known = await loadProfile(around, name).catch(() => undefined);
        const { url } = chooseUrl(options.url ?? around.environment.LICENTIA_URL, known);
        const token = options.tokenStdin
          ? (await readInput(around)).trim()
          : (await askSecret(around, `Token for ${url} (it is not shown): `)).trim();
        await assertToken(url, token);
        const file = await saveProfile(around, name, { url, token });
        return {
          json: { profile: name, url, file },
          sections: [
            {
              rows: [
                ['profile', name],
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
        summary: 'forget a profile; its token stays good until it is revoked',
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
        summary: 'list the profiles and their services',
        examples: ['licentia profiles'],
        json: '`[{ "profile", "url" }]`',
      },
      async ({ around }) => {
        const names = await profileNames(around);
        const profiles = await Promise.all(
          names.map(async (profile) => ({ profile, url: (await loadProfile(around, profile))?.url ?? null })),
        );
        return {
          json: profiles,
          sections: [{ head: ['profile', 'url'], rows: profiles.map(({ profile, url }) => [profile, url]) }],
        };
      },
    );
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
