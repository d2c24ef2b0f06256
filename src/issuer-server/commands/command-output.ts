/** What a command says: to the next program, and to the person in front of it. */
export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
}
