/** More than Postgres writes before it gives up. */
const MAX_LINES = 50;

/** What Postgres writes on its standard error: why it gave up, and what led to it. */
export class LastWords {
  /** Why it gave up, with its details; empty if it did not. */
  text = '';
  readonly #lines: string[] = [];

  hear(line: string): void {
    if (/ (FATAL|PANIC): /.test(line)) this.text = line;
    else if (this.text && / (DETAIL|HINT): /.test(line))
      this.text += `; ${line.replace(/^.* (?=DETAIL: |HINT: )/, '')}`;
    this.#lines.push(line);
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
  }

  /** The last lines, oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }
}
