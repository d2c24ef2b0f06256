/** What is wrong in a file, where, and by which rule. */
export interface ProvisioningFault {
  readonly file: string;
  /** From 1; 0 for the whole file. */
  readonly line: number;
  readonly rule: string;
}

/** Where something is said. */
export type Place = Omit<ProvisioningFault, 'rule'>;

/** Of one reading, so that a broken file gives no answer of megabytes. */
const MAX_FAULTS = 100;
/** Of one rule: a message of the YAML library may repeat a name of the file. */
const MAX_RULE_LENGTH = 300;

/** The faults of one reading: the first ones, and how many more there are. */
export class ProvisioningFaults {
  readonly #first: ProvisioningFault[] = [];
  #next: Place | undefined;
  #more = 0;

  add({ file, line }: Place, rule: string): void {
    if (this.#first.length < MAX_FAULTS) {
      const isLong = rule.length > MAX_RULE_LENGTH;
      this.#first.push({ file, line, rule: isLong ? `${rule.slice(0, MAX_RULE_LENGTH - 1)}…` : rule });
      return;
    }
    this.#next ??= { file, line };
    this.#more++;
  }

  get count(): number {
    return this.#first.length + this.#more;
  }

  /** In the order in which they were found. The last one stands for those that are not listed. */
  list(): readonly ProvisioningFault[] {
    if (this.#next === undefined) return this.#first;
    const rule = `the rest is not listed (faults: ${this.#more}): correct the ones before it first`;
    return [...this.#first, { ...this.#next, rule }];
  }
}
