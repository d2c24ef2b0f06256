/** Of a terminal that does not say how wide it is. */
export const USUAL_COLUMNS = 80;

/** What a command finds around it: all that it reads of its process. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the settings of a person are when XDG_CONFIG_HOME does not say it. */
  readonly home: string;
  readonly stdin: NodeJS.ReadStream;
  readonly isTerminal: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  /** Whether the process was started without a standard output. */
  readonly isOutputClosed: boolean;
  /** Of the terminal; undefined where nobody knows. */
  readonly columns?: number | undefined;
  readonly write: (text: string) => Promise<void>;
  readonly say: (text: string) => void;
}

/** https://no-color.org: any value but the empty one. */
export function hasColor({ environment, isTerminal }: Surroundings): boolean {
  return isTerminal.stdout && !environment.NO_COLOR && environment.TERM !== 'dumb';
}

/** By the locale, in the order of POSIX: a picture has other characters where the terminal shows ASCII alone. */
export function hasUnicode({ environment: { LC_ALL, LC_CTYPE, LANG } }: Surroundings): boolean {
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '');
}
