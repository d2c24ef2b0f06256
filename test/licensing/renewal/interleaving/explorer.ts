import { AsyncLocalStorage } from 'node:async_hooks';

/** How a step is done: as it should be, or with one of the faults that it can have. */
export type Manner = 'done' | (string & {});

/** The fault of a step that its actor never does, nor anything after it. */
export const KILLED = 'killed';

/** One decision of a schedule. */
export interface Choice {
  /** An actor's name; of an event of the world, its name. */
  readonly who: string;
  /** The step that it does. */
  readonly step: string;
  readonly how: Manner;
}

/** Something that can happen to the world at any moment, once: time that passes, a decision of somebody outside. */
export interface WorldEvent {
  readonly name: string;
  happen(): Promise<void>;
  /** Whether it would change anything. @param state - of the world */
  canHappen(state: string): boolean;
  /** Whether it happens by itself, again and again, as soon as nobody can go on without it. */
  readonly inevitable: boolean;
}

/** What an exploration is of. Everything begins anew with each run. */
export interface World {
  /** Puts everything as it is at the beginning. @returns the actors, by name */
  begin(): Promise<Readonly<Record<string, () => Promise<unknown>>>>;
  readonly events: readonly WorldEvent[];
  /** Everything that actors share, as a text: the same for states from which the same can follow. */
  state(): Promise<string>;
  /** The part of the state that a step depends on. */
  seenBy(step: string, state: string): string;
  /** Looks whether a step was right. @throws when it was not */
  stepped(step: Step): void;
  /** Looks at a state in which everybody is done or dead. @throws when it is wrong */
  ended(): Promise<void>;
}

/** What has just happened. */
export interface Step {
  readonly choice: Choice;
  readonly before: string;
  readonly after: string;
  /** How the actor ended, if this was its last step. */
  readonly ending: Ending | undefined;
  /** Every choice of the run up to here. */
  readonly choices: readonly Choice[];
}

/** How an actor ended. */
export type Ending =
  | { readonly kind: 'resolved'; readonly value: unknown }
  | { readonly kind: 'rejected'; readonly error: unknown }
  | 'killed';

/** What an exploration went through. */
export interface Explored {
  /** Orders that were run, each a different one. */
  readonly runs: number;
  /** States in which everybody was done or dead, of these. */
  readonly ends: number;
  /** Different states on the way: a run that comes to a known one stops there, as everything that can follow was seen. */
  readonly states: number;
}

interface Gate {
  readonly step: string;
  readonly faults: readonly string[];
  /** Opens when the world is not as it was here any more. */
  readonly onlyAfterChange: boolean;
  /** The world as it was when the gate was reached. */
  reachedIn: string;
  go(how: Manner): void;
}

interface Actor {
  readonly name: string;
  readonly log: string[];
  gate: Gate | undefined;
  ending: Ending | undefined;
  /** Called as soon as it waits at a gate or has ended. */
  rested: () => void;
}

/** Real code that runs longer than this between two steps hangs, milliseconds. */
const HANGS_AFTER_MS = 10_000;

const context = new AsyncLocalStorage<{ readonly run: Run; readonly actor: Actor }>();

/**
 * Waits for the turn to do a step; outside of an exploration there is nothing to wait for.
 * @param faults - the ways in which this step can go wrong
 * @param onlyAfterChange - it would do nothing before somebody else has changed something
 * @returns how to do it
 */
export async function atStep(
  step: string,
  faults: readonly string[] = [],
  onlyAfterChange = false,
): Promise<Manner> {
  const store = context.getStore();
  return store === undefined ? 'done' : store.run.arrive(store.actor, step, faults, onlyAfterChange);
}

/** The same for a server, which does not know who asks: it is whoever goes on at present. */
export async function atServersStep(step: string, faults: readonly string[]): Promise<Manner> {
  const { active } = Run;
  return active?.moving === undefined ? 'done' : active.arrive(active.moving, step, faults, false);
}

/** Does something within a step: what it consists of are no steps of their own. */
export async function withinStep<T>(work: () => Promise<T>): Promise<T> {
  return context.exit(work);
}

/**
 * Runs every order of the actors' steps, with every fault at every step, up to a number of faults in one run. One actor moves
 * at a time; where it stops is up to the code that it runs, by {@link atStep}.
 *
 * @param maxFaults - in one run: kills and faults of steps
 * @throws an error that names the schedule which shows the violation
 */
export async function explore(world: World, maxFaults: number): Promise<Explored> {
  const known = new Set<string>();
  const open: Choice[][] = [[]];
  let [runs, ends] = [0, 0];
  for (let prefix = open.pop(); prefix !== undefined; prefix = open.pop()) {
    const run = new Run(world, maxFaults);
    runs += 1;
    try {
      if (await run.follow(prefix, known, open)) ends += 1;
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${run.story()}`, { cause: error });
    } finally {
      run.leave();
    }
  }
  return { runs, ends, states: known.size };
}

class Run {
  /** The one under way: there is one at a time. */
  static active: Run | undefined;
  /** The actor whose code runs. */
  moving: Actor | undefined;
  readonly #choices: Choice[] = [];
  #actors: Actor[] = [];
  #happened = new Set<string>();
  #state = '';

  constructor(
    private readonly world: World,
    private readonly maxFaults: number,
  ) {}

  /** @returns whether it came to an end that was not known */
  async follow(prefix: readonly Choice[], known: Set<string>, open: Choice[][]): Promise<boolean> {
    Run.active = this;
    const actors = await this.world.begin();
    for (const [name, work] of Object.entries(actors)) {
      const actor: Actor = { name, log: [], gate: undefined, ending: undefined, rested: () => undefined };
      this.#actors.push(actor);
      await this.#move(actor, () => {
        void context.run({ run: this, actor }, work).then(
          (value) => this.#end(actor, { kind: 'resolved', value }),
          (error: unknown) => this.#end(actor, { kind: 'rejected', error }),
        );
      });
    }
    this.#state = await this.world.state();
    for (;;) {
      const next = prefix[this.#choices.length];
      if (next !== undefined) {
        await this.#do(next);
        continue;
      }
      const key = JSON.stringify([this.#state, [...this.#happened].sort(), this.#actors.map(memoryOf)]);
      if (known.has(key)) return false;
      known.add(key);
      const [first, ...others] = this.#possible();
      if (first === undefined) {
        await this.world.ended();
        return true;
      }
      for (const other of others) open.push([...this.#choices, other]);
      await this.#do(first);
    }
  }

  /** Nobody whom this run left waiting goes on: a killed one has no "afterwards". */
  leave(): void {
    if (Run.active === this) Run.active = undefined;
  }

  story(): string {
    const lines = this.#choices.map(
      ({ who, step, how }) => `  ${who}: ${step}${how === 'done' ? '' : ` (${how})`}`,
    );
    return ['in this order:', ...lines].join('\n');
  }

  async arrive(
    actor: Actor,
    step: string,
    faults: readonly string[],
    onlyAfterChange: boolean,
  ): Promise<Manner> {
    return new Promise((go) => {
      actor.gate = { step, faults, onlyAfterChange, reachedIn: '', go };
      actor.rested();
    });
  }

  #end(actor: Actor, ending: Ending): void {
    actor.ending ??= ending;
    actor.rested();
  }

  #possible(): Choice[] {
    const faultsLeft = this.maxFaults - this.#choices.filter(({ how }) => how !== 'done').length;
    const steps = this.#actors.flatMap(({ name, gate, ending }): Choice[] => {
      if (gate === undefined || ending !== undefined) return [];
      if (gate.onlyAfterChange && gate.reachedIn === this.#state) return [];
      const manners = ['done', ...(faultsLeft > 0 ? gate.faults : [])];
      return manners.map((how) => ({ who: name, step: gate.step, how }));
    });
    const stuck = steps.length === 0;
    const waiting = this.#actors.some(({ gate, ending }) => gate !== undefined && ending === undefined);
    const events = this.world.events
      .filter((event) => {
        const isTime = !this.#happened.has(event.name) || (event.inevitable && stuck);
        return waiting && isTime && event.canHappen(this.#state);
      })
      .map(({ name }): Choice => ({ who: name, step: 'happens', how: 'done' }));
    return [...steps, ...events];
  }

  async #do(choice: Choice): Promise<void> {
    const before = this.#state;
    this.#choices.push(choice);
    const event = this.world.events.find(({ name }) => name === choice.who);
    if (event !== undefined) {
      this.#happened.add(event.name);
      await event.happen();
    } else {
      const actor = this.#actors.find(({ name }) => name === choice.who) as Actor;
      const { gate } = actor;
      if (gate === undefined || gate.step !== choice.step)
        throw new Error('the code does not do the same each time');
      actor.log.push(`${choice.step}/${choice.how}/${this.world.seenBy(choice.step, before)}`);
      if (choice.how === KILLED) actor.ending = 'killed';
      else await this.#move(actor, () => gate.go(choice.how));
    }
    this.#state = await this.world.state();
    const { gate, ending } = this.#actors.find(({ name }) => name === choice.who) ?? {};
    if (gate !== undefined) gate.reachedIn = this.#state;
    this.world.stepped({ choice, before, after: this.#state, ending, choices: this.#choices });
  }

  /** Lets one actor go on until it rests again. */
  async #move(actor: Actor, start: () => void): Promise<void> {
    this.moving = actor;
    actor.gate = undefined;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      actor.rested = resolve;
      timer = setTimeout(() => reject(new Error(`${actor.name} hangs`)), HANGS_AFTER_MS);
      start();
    }).finally(() => clearTimeout(timer));
    this.moving = undefined;
  }
}

/** Everything that an actor's future depends on beside the world: what it has seen so far, and where it stands. */
function memoryOf({ log, gate, ending }: Actor): unknown {
  return ending === undefined ? [log, gate?.step] : 'over';
}
