import { isoTime, toSeconds } from '../../domain/clock.js';
import type { KeyCommand } from './command-line.js';
import type { CommandOutput } from './command-output.js';
import type { KeyAdministration, ListedKey } from '../keys/key-administration.js';
import { sealedWith } from '../../domain/sealed-text.js';
import type { SigningKeyEntity } from '../keys/signing-key.entity.js';
import { textTable } from './text-table.js';

/** Does what an operator asks for about the signing keys. @throws what {@link KeyAdministration} throws */
export async function runKeyCommand(command: KeyCommand, keys: KeyAdministration): Promise<CommandOutput> {
  switch (command.name) {
    case 'keys list': {
      const listed = await keys.list();
      const json = () => `${JSON.stringify(listed.map(publicKey), null, 2)}\n`;
      return { stdout: command.json ? json() : table(listed), stderr: '' };
    }
    case 'keys add': {
      const { kid } = await keys.add(command.alg, command.file);
      const from = (await keys.list()).find(({ key }) => key.kid === kid)?.activeFrom ?? 0;
      return {
        stdout: `${kid}\n`,
        stderr: `Published: the key ${kid}. It can be activated from ${isoTime(from)} on.\n`,
      };
    }
    case 'keys activate': {
      const { kid, alg } = await keys.activate(command.kid, command.force);
      return {
        stdout: '',
        stderr: `Done: the key ${kid} (${alg}) is active. The one before stays in the key set until you retire it.\n`,
      };
    }
    case 'keys retire': {
      const { kid, file, stranded } = await keys.retire(command.kid, command.force);
      const said = `Done: the key ${kid} is retired, and its private part is destroyed here.\n`;
      return { stdout: '', stderr: `${said}${leftovers(file)}${warning(stranded)}` };
    }
  }
}

function leftovers(file: string | null): string {
  return file === null ? '' : `Delete its file too: ${file}.\n`;
}

function warning(stranded: number): string {
  if (stranded === 0) return '';
  const many = stranded === 1 ? '1 license has no token' : `${stranded} licenses have no token`;
  return `Warning: ${many} by a newer key: an instance that holds the former one cannot renew. Print its new token with "token".\n`;
}

function table(listed: readonly ListedKey[]): string {
  const head = ['KEY', 'STATE', 'ALGORITHM', 'PRIVATE PART', 'PUBLISHED', 'ACTIVE', 'TOKENS UNTIL'];
  const rows = listed.map(({ key, use, activeFrom }) => [
    ...[key.kid, key.state, key.alg, storedAs(key), time(key.createdAt)],
    activeFrom === undefined ? time(key.activatedAt) : `from ${isoTime(activeFrom)} on`,
    use.licenses === 0 ? '-' : `${isoTime(use.until)} (${use.licenses})`,
  ]);
  return textTable([head, ...rows]);
}

/** What `keys list` tells of a key; times in Unix seconds. */
export function publicKey({ key, use, activeFrom }: ListedKey) {
  const seconds = (moment: Date | null) => (moment === null ? null : toSeconds(moment.getTime()));
  return {
    kid: key.kid,
    state: key.state,
    alg: key.alg,
    private_part: storedAs(key),
    published_at: seconds(key.createdAt),
    active_from: activeFrom ?? null,
    activated_at: seconds(key.activatedAt),
    verify_only_at: seconds(key.verifyOnlyAt),
    retired_at: seconds(key.retiredAt),
    licenses: use.licenses,
    tokens_until: use.licenses === 0 ? null : use.until,
  };
}

function storedAs({ privateSealed, privateFile, privateJwk }: SigningKeyEntity): string {
  if (privateSealed !== null) return `encrypted (${sealedWith(privateSealed) ?? 'unknown form'})`;
  if (privateFile !== null) return `file ${privateFile}`;
  return privateJwk === null ? '-' : 'in clear';
}

function time(moment: Date | null): string {
  return moment === null ? '-' : isoTime(toSeconds(moment.getTime()));
}
