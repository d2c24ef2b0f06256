/** A person who waits longer than this is told for what, milliseconds. */
export const PATIENCE_MS = 1_000;
/** After these the client waits, and asks again. */
const BUSY = [429, 503];

/** Says once that a command waits. While a person is asked something nobody waits for it. */
export class Patience {
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(private readonly say: () => void) {}

  /** Says it while some other work takes longer. */
  async while<T>(work: () => Promise<T>): Promise<T> {
    this.#begin();
    try {
      return await work();
    } finally {
      this.#pause();
    }
  }

  async during(request: Request): Promise<Response> {
    this.#begin();
    const response = await fetch(request);
    if (!BUSY.includes(response.status)) this.#pause();
    return response;
  }

  end(): void {
    this.#isOver = true;
    this.#pause();
  }

  #begin(): void {
    if (this.#isOver || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#isOver = true;
      this.say();
    }, PATIENCE_MS);
  }

  #pause(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
