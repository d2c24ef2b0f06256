/** Where bytes go. One write is under way at a time. */
export interface Sink {
  /**
   * Writes a text, in whole or in part. Never throws.
   * @param done - called once, never before `write` returns; `written` are the bytes that got out before the error
   */
  write(text: string, done: (error: Error | undefined, written?: number) => void): void;
}
