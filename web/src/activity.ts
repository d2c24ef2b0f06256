/** What a person does on a page. A pointer that only rests on it, and the page itself, cause none of these. */
const SIGNS = ['pointerdown', 'keydown', 'wheel'] as const;

/** Tells calls that follow something a person did from those that the page makes by itself. */
export class Activity {
  /** Opening the page is the first thing that a person does. */
  #isNew = true;

  constructor(page: Pick<EventTarget, 'addEventListener'>) {
    for (const sign of SIGNS) {
      page.addEventListener(sign, () => (this.#isNew = true), { capture: true, passive: true });
    }
  }

  /** @returns whether a person did something since the last call of this */
  take(): boolean {
    const isNew = this.#isNew;
    this.#isNew = false;
    return isNew;
  }
}
