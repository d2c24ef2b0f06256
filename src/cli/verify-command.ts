import { toSeconds, isoTime, systemClock } from '../domain/clock.js';
import type { LicenseClaims } from '../domain/license/license-claims.js';
import { judge, type LicensePolicy, LicenseStatus, traceRules } from '../domain/license/license.js';
import { authenticateLicenseToken } from '../domain/license/license-token.js';
import { readRootUrl, type RootUrl } from '../domain/root-url.js';
import { ServiceError } from '../domain/service-error.js';
import { type KeySet, KeySetError, readKeySet } from '../domain/token/key-set.js';
import { parseStrictJson, StrictJsonError } from '../domain/token/strict-json.js';
import { moment } from './arguments.js';
import { CommandError } from './command-error.js';
import { ExitCode } from './exit-code.js';
import { readText, readToken } from './license-file.js';
import type { LicentiaCommand } from './licentia-command.js';
import type { Cell, Report } from './report.js';

interface VerifyOptions {
  readonly keys?: string;
  readonly issuer?: string;
  readonly rootUrl?: string;
  readonly product?: string;
  readonly at?: number;
}

const MOMENTS = ['iat', 'exp', 'nbf', 'lexp'];

/** Verifies a token by the rules of the service, without one. */
export function addVerifyCommand(program: LicentiaCommand): void {
  program.does<VerifyOptions>(
    'verify <file>',
    {
      summary: 'verify a license without any service, by the keys of a file; "-" reads standard input',
      options: [
        ['--keys <file>', 'the key set of the issuer (JWKS; required)'],
        ['--issuer <id>', 'the "iss" that it must have (else that rule is not checked)'],
        ['--root-url <url>', 'the address that it must be for (else that rule is not checked)'],
        ['--product <name>', 'the product that it must license (else that rule is not checked)'],
        ['--at <time>', 'at another moment: a date, a time with its zone or Unix seconds', moment],
      ],
      examples: [
        'licentia verify license.jwt --keys keys.json',
        'licentia verify - --keys keys.json --root-url https://product.example.com/ --at 2027-01-01 < license.jwt',
      ],
      json: '`{ "valid", "code", "message", "kid", "claims", "rules" }`; a rule has `rule`, `verdict` and `sentence`',
      exits: '0 valid, 1 refused, 2 if a file cannot be read.',
    },
    async ({ around, options }, file) => {
      if (options.keys === undefined) {
        throw new CommandError(
          ExitCode.Usage,
          'Say by which keys: --keys <file>.',
          'The issuer publishes them; without a network, take a copy of its key set along.',
        );
      }
      const keys = await keysOf(options.keys);
      return verify(await readToken(around, file), keys, options);
    },
  );
}

async function verify(token: string, keys: KeySet, options: VerifyOptions): Promise<Report> {
  try {
    const { claims, key } = await authenticateLicenseToken(token, keys);
    const policy = policyOf(claims, options);
    const at = options.at ?? toSeconds(systemClock.now());
    const rules = traceRules(claims, policy, at).map(({ rule, verdict, sentence }) =>
      verdict === 'passed' && !isChecked(rule, options)
        ? { rule, verdict: 'not-checked', sentence: NOT_CHECKED }
        : { rule, verdict, sentence },
    );
    const { status, code = null, message } = judge(claims, policy, at);
    return report({ valid: status === LicenseStatus.Valid, code, message, kid: key.kid, claims, rules });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const { code, message } = error;
    return report({ valid: false, code, message, kid: null, claims: null, rules: [] });
  }
}

const NOT_CHECKED = 'Nothing says what it must be.';

function report(result: {
  valid: boolean;
  code: string | null;
  message: string;
  kid: string | null;
  claims: LicenseClaims | null;
  rules: readonly { rule: string; verdict: string; sentence: string }[];
}): Report {
  const { valid, code, message, kid, claims, rules } = result;
  return {
    json: result,
    sections: [
      {
        name: 'license',
        rows: [
          ['valid', valid],
          ['code', code],
          ['message', message],
          ['signed by', kid],
        ],
      },
      {
        name: 'rule',
        head: ['rule', 'verdict', 'why'],
        rows: rules.map(({ rule, verdict, sentence }) => [rule, verdict, sentence]),
      },
      {
        name: 'claim',
        rows: Object.entries(claims ?? {}).map(([name, value]) => [
          name,
          MOMENTS.includes(name) ? isoTime(value as number) : text(value),
        ]),
      },
    ],
    exitCode: valid ? 0 : 1,
  };
}

function text(value: unknown): Cell {
  return typeof value === 'object' && !Array.isArray(value) ? JSON.stringify(value) : (value as Cell);
}

/** What is not named must be what the token says, so that its rule holds if any value would. */
function policyOf(claims: LicenseClaims, { issuer, rootUrl, product }: VerifyOptions): LicensePolicy {
  return {
    issuer: issuer ?? claims.iss,
    rootUrl: rootUrl === undefined ? (readRootUrl(claims.sub) ?? { canonical: '' }) : requiredUrl(rootUrl),
    products: product === undefined ? claims.prod : [product],
  };
}

function requiredUrl(text: string): RootUrl {
  const rootUrl = readRootUrl(text);
  if (rootUrl !== undefined) return rootUrl;
  throw new CommandError(
    ExitCode.Usage,
    '--root-url is no root URL.',
    'Write it as ROOT_URL: https://product.example.com/',
  );
}

function isChecked(rule: string, { issuer, rootUrl, product }: VerifyOptions): boolean {
  if (rule === 'iss') return issuer !== undefined;
  if (rule === 'sub') return rootUrl !== undefined;
  if (rule === 'prod') return product !== undefined;
  // Only the issuer knows.
  return rule !== 'revocation';
}

async function keysOf(file: string): Promise<KeySet> {
  try {
    return await readKeySet(parseStrictJson(Buffer.from(await readText(file))));
  } catch (error) {
    if (!(error instanceof KeySetError || error instanceof StrictJsonError)) throw error;
    throw new CommandError(ExitCode.Unknown, `The file ${file} is no key set: ${error.message}`);
  }
}
