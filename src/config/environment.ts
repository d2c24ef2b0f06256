import { resolve } from 'node:path';
import { invisibleCharacter } from '../domain/invisible-character.js';
import { NamedFileError, readNamedFileSync, textOfFile } from './named-file.js';
import { type DatabaseLocation, path, type Setting, SettingError } from './setting.js';

/** More than any secret has. Bytes. */
export const MAX_SECRET_BYTES = 16 * 1024;

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A set of settings by their names in the environment. */
export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** The values of {@link Settings}, by the same names. */
export type SettingValues<S extends Settings> = {
  readonly [Name in keyof S]: S[Name] extends Setting<infer Value> ? Value : never;
};

/** The environment cannot be used; `faults` has one line for every reason. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly faults: readonly string[]) {
    super(['The configuration cannot be used:', ...faults.map((fault) => `  - ${fault}`)].join('\n'));
  }
}

/** Faults between settings that are fine by themselves. It sees no other settings than those that it names. */
export interface Rule {
  readonly names: readonly string[];
  readonly faults: (values: Readonly<Record<string, unknown>>, environment: Environment) => readonly string[];
}

/** Makes rules between the settings of one program. */
export function rulesFor<S extends Settings>() {
  return <const Name extends string & keyof S>(
    names: readonly Name[],
    faults: (values: Pick<SettingValues<S>, Name>, environment: Environment) => readonly string[],
  ): Rule => ({ names, faults: faults as Rule['faults'] });
}

/**
 * Reads all settings and throws once, with every fault at once.
 *
 * An empty variable counts as absent: that is what compose files and shells make of a variable nobody set. A
 * secret may stand in a file named by `<NAME>_FILE`, see {@link textOfFile}; an empty file is a fault. So is an
 * invisible character anywhere.
 *
 * @param rules - each runs when all settings that it names are fine by themselves
 * @throws ConfigError
 */
export function readEnvironment<S extends Settings>(
  settings: S,
  environment: Environment,
  rules: readonly Rule[] = [],
): SettingValues<S> {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    try {
      const text = textOf(name, setting, environment) ?? setting.fallback;
      values[name] = text === undefined ? undefined : setting.parse(text);
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      faults.push(`${name} ${error.message}`);
    }
  }
  for (const rule of rules) {
    if (rule.names.every((name) => name in values)) faults.push(...rule.faults(values, environment));
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(values) as SettingValues<S>;
}

function textOf(name: string, setting: Setting<unknown>, environment: Environment): string | undefined {
  const plain = environment[name] || undefined;
  const file = environment[`${name}_FILE`] || undefined;
  if (!setting.secret || file === undefined) {
    if (plain !== undefined && setting.verbatim !== true) assertVisible(plain, '');
    return plain;
  }
  if (plain !== undefined) throw new SettingError(`and ${name}_FILE are both set: set one`);
  const source = `${name}_FILE`;
  assertVisible(file, ` in the name of the file of ${source}`);
  const text = readSecret(file, source);
  if (setting.verbatim !== true) assertVisible(text, ` in the file of ${source}`);
  return text;
}

/**
 * A file without a secret is half written, or its mount failed. Taken for absent, it would start the service on another
 * database, or with its tokens in clear.
 */
function readSecret(file: string, source: string): string {
  try {
    const text = textOfFile(readNamedFileSync(path.parse(file), MAX_SECRET_BYTES));
    if (text === '') throw new SettingError(`it is empty: write the secret into it, or unset ${source}`);
    return text;
  } catch (error) {
    if (!(error instanceof NamedFileError || error instanceof SettingError)) throw error;
    throw new SettingError(`cannot be read from ${source}: ${error.message}`);
  }
}

function assertVisible(text: string, where: string): void {
  const found = invisibleCharacter(text);
  if (found !== undefined) throw new SettingError(`must not have an invisible character: ${found}${where}`);
}

/** The location of a database, with the files that can say its address and its password. */
export function locationFrom(location: DatabaseLocation, environment: Environment): DatabaseLocation {
  if (location.kind !== 'postgres') return location;
  const file = environment.DATABASE_URL_FILE || undefined;
  const passwordFile = passwordFileOf(environment, process.platform);
  return {
    ...location,
    ...(file === undefined ? {} : { file: path.parse(file) }),
    ...(passwordFile === undefined ? {} : { passwordFile }),
  };
}

/**
 * The file that `psql` takes passwords from: `PGPASSWORD` takes its place, also where it is empty. Windows has it among
 * the settings of the user's programs.
 *
 * Source: PostgreSQL, "The Password File" of libpq.
 */
export function passwordFileOf(
  { PGPASSWORD, PGPASSFILE, HOME, APPDATA }: Environment,
  platform: NodeJS.Platform,
): string | undefined {
  if (PGPASSWORD !== undefined) return undefined;
  if (PGPASSFILE) return resolve(PGPASSFILE);
  if (platform !== 'win32') return resolve(HOME || '.', '.pgpass');
  return APPDATA ? resolve(APPDATA, 'postgresql', 'pgpass.conf') : undefined;
}
