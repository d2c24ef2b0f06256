/** What a command finds around it: all that it reads of its process. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the settings of a person are when XDG_CONFIG_HOME does not say it. */
  readonly home: string;
  readonly stdin: NodeJS.ReadStream;
  readonly isTerminal: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  /** Whether the process was started without a standard output. */
  readonly isOutputClosed: boolean;
  readonly write: (text: string) => Promise<void>;
  readonly say: (text: string) => void;
  /** Says that work may be left that never ends: the process then ends without it. */
  readonly abandon?: () => void;
}

/** https://no-color.org: any value but the empty one. */
export function hasColor({ environment, isTerminal }: Surroundings): boolean {
  return isTerminal.stdout && !environment.NO_COLOR && environment.TERM !== 'dumb';
}
