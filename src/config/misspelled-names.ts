import { distance } from 'fastest-levenshtein';
import type { Environment, Settings } from './environment.js';

/** Names shorter than this (`PORT`, `HOST`) are near to too many of other programs. */
const MIN_GUESSED = 6;
/** From this length on two edits still point at one name; below it one edit, or two neighbors that changed places. */
const LONG = 12;
/** What an environment variable of a person looks like. Nothing else is repeated in a log. */
const NAME = /^[A-Za-z][A-Za-z0-9_.-]{2,63}$/;
/** What the command `licentia` reads (docs/cli.md): an operator may export these where a program starts. */
export const NAMES_OF_THE_COMMAND: readonly string[] = [
  ...['LICENTIA_PROFILE', 'LICENTIA_URL', 'LICENTIA_TOKEN', 'LICENTIA_TOKEN_FILE'],
  ...['LICENTIA_USER', 'LICENTIA_PASSWORD', 'LICENTIA_PASSWORD_FILE'],
  ...['LICENTIA_ISSUER_URL', 'LICENTIA_ISSUER_TOKEN', 'LICENTIA_ISSUER_TOKEN_FILE'],
];

/**
 * Variables that are none of ours and look as if they were meant to be: a setting that silently does not count can be
 * worse than one that is wrong (think of `ISSUER_JWKS_PATHS`). Another program's variable can look like that too, so
 * this is a hint and never a fault.
 *
 * @param settings - what the program reads
 * @param siblings - what our other programs read: never misspelled, and never suggested
 * @returns a sentence for each; it has names, and no value
 */
export function misspelledNames(
  settings: Settings,
  environment: Environment,
  siblings: readonly Settings[] = [],
): string[] {
  const known = new Set([
    ...NAMES_OF_THE_COMMAND,
    ...[settings, ...siblings].flatMap((each) => namesOf(each)),
  ]);
  const ours = namesOf(settings);
  return Object.entries(environment).flatMap(([name, value]) => {
    // An empty variable counts as absent.
    if (!value || known.has(name) || !NAME.test(name)) return [];
    const plain = pathOfFile(canonical(name), settings);
    if (plain !== undefined) return [`${name} is not read: ${plain} is no secret, so set ${plain} itself.`];
    const meant = nearest(name, ours);
    // Windows has one variable under any case: it was read then.
    if (meant === undefined || environment[meant] === value) return [];
    return [`${name} is not read. Did you mean ${meant}?`];
  });
}

/** Every name that a program reads. */
function namesOf(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([name, { secret }]) => (secret ? [name, `${name}_FILE`] : [name]));
}

/** The setting `X` of a name `X_FILE`, where no file can give it. */
function pathOfFile(name: string, settings: Settings): string | undefined {
  const plain = Object.keys(settings).find((candidate) => `${candidate}_FILE` === name);
  return plain !== undefined && settings[plain]?.secret === false ? plain : undefined;
}

function nearest(name: string, ours: readonly string[]): string | undefined {
  const spellings = [canonical(name), canonical(name).replace(/_FILE$/, '_PATH')];
  const same = ours.find((candidate) => spellings.some((spelling) => sameLetters(spelling, candidate)));
  if (same !== undefined) return same;
  const [guess] = ours
    .filter((candidate) => candidate.length >= MIN_GUESSED)
    .map((candidate) => ({ candidate, edits: edits(canonical(name), candidate) }))
    .sort((a, b) => a.edits - b.edits);
  if (guess === undefined) return undefined;
  return guess.edits <= (guess.candidate.length >= LONG ? 2 : 1) ? guess.candidate : undefined;
}

/** Upper case, one kind of separator, American spelling, and without the program's name. */
function canonical(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toUpperCase()
    .replace(/[_.-]+/g, '_')
    .replace(/LICENCE/g, 'LICENSE')
    .replace(/^LICENTIA_/, '');
}

/** The same but for separators. A service link of Kubernetes (`LICENTIA_PORT`) must not be taken for a short name. */
function sameLetters(spelling: string, candidate: string): boolean {
  return candidate.length >= MIN_GUESSED && spelling.replaceAll('_', '') === candidate.replaceAll('_', '');
}

/** Levenshtein's distance; two neighbors that changed places are one edit, as the typist made one mistake. */
function edits(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return Infinity;
  if (a.length === b.length) {
    const at = [...a].findIndex((letter, index) => letter !== b[index]);
    const swapped = a.slice(0, at) + a.charAt(at + 1) + a.charAt(at) + a.slice(at + 2);
    if (at >= 0 && swapped === b) return 1;
  }
  return distance(a, b);
}
