import { Injectable } from '@nestjs/common';

/** Where the process is between its start and its end. */
@Injectable()
export class ProcessState {
  #draining = false;

  /** Set once the process was asked to end. */
  get draining(): boolean {
    return this.#draining;
  }

  drain(): void {
    this.#draining = true;
  }
}
