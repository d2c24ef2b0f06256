import { answers } from './faults/answers.js';
import { content } from './faults/content.js';
import type { Fault } from './faults/fault.js';
import { keySets } from './faults/key-sets.js';
import { line } from './faults/line.js';
import { tls } from './faults/tls.js';
import { tokens } from './faults/tokens.js';

/** Everything that the fake issuer can do wrong, by name. */
export const FAULTS: readonly Fault[] = [...answers, ...content, ...line, ...tokens, ...keySets, ...tls];

const byName = new Map(FAULTS.map((fault) => [fault.name, fault]));
if (byName.size !== FAULTS.length) throw new Error('two faults have one name');

/** @throws Error when there is none of this name */
export function faultNamed(name: string): Fault {
  const fault = byName.get(name);
  if (fault === undefined) throw new Error(`there is no fault named ${JSON.stringify(name)}`);
  return fault;
}
