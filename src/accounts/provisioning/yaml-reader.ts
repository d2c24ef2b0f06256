import { isAlias, isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml';
import type { Place, ProvisioningFaults } from './provisioning-faults.js';

/** Of a list, so that no file keeps the database busy for long. */
const MAX_ENTRIES = 10_000;

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** The members of a map by their names. */
export type Members = ReadonlyMap<string, Node | null>;

/** Reads the nodes of one file, and notes what is wrong with the line that it is in. */
export class YamlReader {
  constructor(
    private readonly file: string,
    private readonly lines: LineCounter,
    private readonly faults: ProvisioningFaults,
  ) {}

  place(node: Node | null | undefined): Place {
    const start = node?.range?.[0];
    return { file: this.file, line: start === undefined ? 0 : this.lines.linePos(start).line };
  }

  fault(node: Node | null | undefined, rule: string): void {
    this.faults.add(this.place(node), rule);
  }

  /** The members of a map; undefined, with a fault, for what is none. */
  map(node: Node | null, what: string, known: readonly string[]): Members | undefined {
    if (!isMap(node)) {
      this.fault(node, `${what} must be a map`);
      return undefined;
    }
    const members = new Map<string, Node | null>();
    const keys = new Set<unknown>();
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      if (isScalar(key) && keys.size === keys.add(key.value).size) this.fault(key, 'Map keys must be unique');
      if (!known.includes(name))
        this.fault(
          key as Node,
          `${what} has no member ${JSON.stringify(name.slice(0, 40))}; known are ${known.join(', ')}`,
        );
      if (isAlias(value)) this.fault(value, 'aliases are not read: write it out');
      members.set(name, value as Node | null);
    }
    return members;
  }

  /** The items of a list; none where it is left out. */
  list(node: Node | null | undefined, what: string): (Node | null)[] {
    if (node === undefined) return [];
    if (!isSeq(node) || node.items.length > MAX_ENTRIES) {
      this.fault(node, `${what} must be a list of at most ${MAX_ENTRIES} entries`);
      return [];
    }
    return node.items as (Node | null)[];
  }

  value(node: Node | null | undefined): unknown {
    return isScalar(node) ? node.value : node === undefined ? undefined : null;
  }

  text(members: Members, key: string, owner: Node | null, pattern: RegExp, rule: string): string | undefined {
    const node = members.get(key);
    const value = this.value(node);
    if (typeof value === 'string' && pattern.test(value)) return value;
    this.fault(node ?? owner, `${key} ${rule}`);
    return undefined;
  }

  /** A moment in UTC; null where it is left out, or a fault. */
  moment(members: Members, key: string): Date | null {
    const node = members.get(key);
    if (node === undefined) return null;
    const text = this.value(node);
    const moment = new Date(typeof text === 'string' && MOMENT.test(text) ? text : NaN);
    // A day that its month does not have becomes one of the next month.
    if (!Number.isNaN(moment.getTime()) && moment.toISOString().replace('.000Z', 'Z') === text) return moment;
    this.fault(node, `${key} must be a moment in UTC such as 2027-01-31T00:00:00Z`);
    return null;
  }

  isPresent(members: Members): boolean {
    const state = this.value(members.get('state')) ?? 'present';
    if (state !== 'present' && state !== 'absent')
      this.fault(members.get('state'), 'state must be present or absent');
    return state !== 'absent';
  }
}
