import type { Prolongation } from '../licenses/license-administration.js';
import type { LicenseChange } from '../licenses/license-change.js';
import type { LicenseTerms } from '../licenses/license-terms.js';
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '../keys/new-signing-key.js';
import { FLAG, read, TEXT, UsageError } from './command-options.js';
import { CHANGE_OPTIONS, changeOf, ISSUE_OPTIONS, prolongationOf, termsOf } from './term-options.js';

/** What an operator asks for; without any of these the issuer serves. */
export type Command =
  | { readonly name: 'issue'; readonly terms: LicenseTerms }
  | { readonly name: 'list'; readonly json: boolean; readonly usage: boolean }
  | { readonly name: 'show' | 'history'; readonly lid: string; readonly json: boolean }
  | { readonly name: 'change'; readonly lid: string; readonly change: LicenseChange }
  | { readonly name: 'suspend' | 'resume' | 'revoke'; readonly lid: string }
  | { readonly name: 'token' | 'repair'; readonly lid: string }
  | { readonly name: 'prolong'; readonly lid: string; readonly by: Prolongation }
  | { readonly name: 'repair all' }
  | { readonly name: 'confirm-clock' }
  | { readonly name: 'change-issuer-id' }
  | KeyCommand
  | { readonly name: 'help' };

/** What an operator asks for about the signing keys; `kid` may be the beginning of one. */
export type KeyCommand =
  | { readonly name: 'keys list'; readonly json: boolean }
  | { readonly name: 'keys add'; readonly alg?: SigningAlgorithm; readonly file?: string }
  | { readonly name: 'keys activate' | 'keys retire'; readonly kid: string; readonly force: boolean };

/**
 * The command of a command line, which does not name the program.
 * @returns undefined when it has no command but options alone, or names `serve`
 * @throws UsageError
 */
export function readCommand([name, ...rest]: readonly string[]): Command | undefined {
  switch (name) {
    case 'issue':
      return readIssue(rest);
    case 'list': {
      const { values } = read(rest, { json: FLAG, usage: FLAG }, 0);
      return values.help ? { name: 'help' } : { name, json: values.json, usage: values.usage };
    }
    case 'show':
    case 'history': {
      const { values, positionals } = read(rest, { json: { type: 'boolean', default: false } }, 1);
      return values.help ? { name: 'help' } : { name, lid: lidOf(positionals), json: values.json };
    }
    case 'change':
      return readChange(rest);
    case 'suspend':
    case 'resume':
    case 'revoke':
    case 'token': {
      const { values, positionals } = read(rest, {}, 1);
      return values.help ? { name: 'help' } : { name, lid: lidOf(positionals) };
    }
    case 'repair': {
      const { values, positionals } = read(rest, { all: { type: 'boolean', default: false } }, 1);
      if (values.help) return { name: 'help' };
      if (!values.all) return { name, lid: lidOf(positionals) };
      if (positionals.length > 0) throw new UsageError('Name a license, or say --all.');
      return { name: 'repair all' };
    }
    case 'prolong': {
      const { values, positionals } = read(rest, { days: TEXT, until: TEXT }, 1);
      if (values.help) return { name: 'help' };
      return { name, by: prolongationOf(values), lid: lidOf(positionals) };
    }
    case 'confirm-clock':
    case 'change-issuer-id': {
      const { values } = read(rest, {}, 0);
      return values.help ? { name: 'help' } : { name };
    }
    case 'keys':
      return readKeys(rest);
    default:
      return undefined;
  }
}

function readKeys([name, ...rest]: readonly string[]): Command {
  switch (name) {
    case '--help':
    case '-h':
      return { name: 'help' };
    case 'list': {
      const { values } = read(rest, { json: { type: 'boolean', default: false } }, 0);
      return values.help ? { name: 'help' } : { name: 'keys list', json: values.json };
    }
    case 'add': {
      const { values } = read(rest, { algorithm: TEXT, file: TEXT }, 0);
      if (values.help) return { name: 'help' };
      const alg = SIGNING_ALGORITHMS.find((one) => one === values.algorithm);
      if (values.algorithm !== undefined && alg === undefined)
        throw new UsageError(`--algorithm must be one of: ${SIGNING_ALGORITHMS.join(', ')}.`);
      if (values.file === '') throw new UsageError('--file must be a path.');
      return {
        name: 'keys add',
        ...(alg === undefined ? {} : { alg }),
        ...(values.file === undefined ? {} : { file: values.file }),
      };
    }
    case 'activate':
    case 'retire': {
      const { values, positionals } = read(rest, { force: { type: 'boolean', default: false } }, 1);
      if (values.help) return { name: 'help' };
      const [kid] = positionals;
      if (kid === undefined) throw new UsageError('Say which key, by its id: "keys list" shows them.');
      return { name: `keys ${name}`, kid, force: values.force };
    }
    default:
      throw new UsageError('Say what to do with the keys: keys list, add, activate or retire.');
  }
}

function readIssue(args: readonly string[]): Command {
  const { values } = read(args, ISSUE_OPTIONS, 0);
  if (values.help) return { name: 'help' };
  if (values.sub === undefined)
    throw new UsageError('Say which instance the license is for: --sub <root URL>.');
  return { name: 'issue', terms: { sub: values.sub, lid: values.lid, ...termsOf(values) } };
}

function readChange(args: readonly string[]): Command {
  const { values, positionals } = read(args, CHANGE_OPTIONS, 1);
  if (values.help) return { name: 'help' };
  const lid = lidOf(positionals);
  return { name: 'change', lid, change: changeOf(values) };
}

function lidOf([lid]: readonly string[]): string {
  if (lid === undefined) throw new UsageError('Say which license, by its id: "list" shows them.');
  return lid;
}
