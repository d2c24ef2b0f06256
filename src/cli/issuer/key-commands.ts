import { isoTime } from '../../domain/clock.js';
import { CommandError } from '../command-error.js';
import { confirm } from '../dialog.js';
import { ExitCode } from '../exit-code.js';
import type { LicentiaCommand } from '../licentia-command.js';
import { administers } from './administers.js';
import { keysReport, retiredReport } from './issuer-report.js';

const FORCE = ['--force', 'although services may not know it yet, or unexpired tokens need it'] as const;

/** What a vendor does with the signing keys, and with the clock that signs. */
export function addKeyCommands(group: LicentiaCommand): void {
  const keys = group.group('keys', 'the keys that licenses are signed with');
  const local = { signs: false };
  administers(
    keys,
    'list',
    {
      summary: 'list the signing keys, and until when tokens need each of them',
      examples: ['licentia issuer keys list'],
      json: 'an array: `keys` of `GET /v1/admin/keys`',
      local,
    },
    async ({ issuer }) => keysReport(await issuer.keys()),
  );
  administers(
    keys,
    'export',
    {
      summary: 'print the public keys as services read them: the key set (JWKS)',
      examples: ['licentia issuer keys export > keys.json'],
      json: 'the key set, as without `--json`',
    },
    async ({ issuer }) => {
      const keySet = await issuer.keySet();
      return { json: keySet, sections: [{ text: JSON.stringify(keySet, null, 2), rows: [] }] };
    },
  );
  administers<{ algorithm?: string; file?: string }>(
    keys,
    'add',
    {
      summary: 'publish a new key in the key set, and print its id',
      options: [
        ['--algorithm <name>', 'ES256 (default), EdDSA, RS512 or PS256'],
        [
          '--file <path>',
          'a PEM file that has the private key and stays where it is; on the database alone, not over HTTP',
        ],
      ],
      examples: ['licentia issuer keys add', 'licentia issuer keys add --algorithm EdDSA'],
      json: 'the key, as `GET /v1/admin/keys` has it',
      local,
    },
    async ({ issuer, options: { algorithm, file } }) => {
      const { SIGNING_ALGORITHMS } = await import('../../issuer-server/keys/new-signing-key.js');
      const known = SIGNING_ALGORITHMS.find((one) => one === algorithm);
      if (algorithm !== undefined && known === undefined)
        throw new CommandError(
          ExitCode.Usage,
          `--algorithm must be one of: ${SIGNING_ALGORITHMS.join(', ')}.`,
        );
      const key = await issuer.addKey(known, file);
      return {
        json: key,
        sections: [{ text: key.kid, rows: [] }],
        note: `Published. It can be activated from ${isoTime(key.active_from ?? 0)} on.`,
      };
    },
  );
  administers<{ force?: true }>(
    keys,
    'activate <key>',
    {
      summary: 'sign with a key from now on; refused until every service can have it in its key set',
      options: [FORCE],
      examples: ['licentia issuer keys activate J7ZetIKA'],
      json: 'the key, as `GET /v1/admin/keys` has it',
      exits: '0 done, 1 if it is refused, 2 if it could not tell.',
      local,
    },
    async ({ issuer, options: { force = false } }, kid = '') => {
      const key = await issuer.activateKey(kid, force);
      return keysReport([key], key, 'Active. The key before stays in the key set until you retire it.');
    },
  );
  administers<{ force?: true; yes?: true }>(
    keys,
    'retire <key>',
    {
      summary: 'take a key out of the key set for good; refused while unexpired tokens need it',
      options: [FORCE, ['-y, --yes', 'do not ask']],
      examples: ['licentia issuer keys retire J7ZetIKA', 'licentia issuer keys retire J7ZetIKA --yes'],
      json: '`{ "key", "file", "stranded" }`',
      exits: '0 done, 1 if it is refused, 2 if it could not tell.',
      before: async ({ around, options }, kid) =>
        confirm(
          around,
          `The key ${kid} will be taken out of the key set, and its private part destroyed.`,
          (options as { yes?: true }).yes === true,
        ),
      local,
    },
    async ({ issuer, options: { force = false } }, kid = '') =>
      retiredReport(await issuer.retireKey(kid, force)),
  );
  administers(
    group,
    'confirm-clock',
    {
      summary: "say that the clock of the issuer's machine is right, where the issuer asks for it",
      examples: ['licentia issuer confirm-clock'],
      json: '`{ "confirmed_at" }`, Unix seconds',
    },
    async ({ issuer }) => {
      const confirmed = await issuer.confirmClock();
      return {
        json: { confirmed_at: confirmed },
        sections: [{ rows: [['confirmed', isoTime(confirmed)]] }],
      };
    },
  );
}
