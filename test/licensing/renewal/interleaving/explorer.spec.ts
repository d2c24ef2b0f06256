import { atStep, explore, KILLED, type World, type WorldEvent } from './explorer.js';

/** A counter that actors read in one step and write in another one: an update gets lost. */
function counter(
  actors: number,
  events: WorldEvent[] = [],
): World & { readonly ends: number[]; value: number } {
  const world = {
    value: 0,
    ends: [] as number[],
    events,
    begin: async () => {
      world.value = 0;
      const work = async () => {
        await atStep('read');
        const seen = world.value;
        await atStep('write', ['failed', KILLED]);
        world.value = seen + 1;
      };
      return Object.fromEntries(Array.from({ length: actors }, (_, index) => [`actor ${index}`, work]));
    },
    state: async () => String(world.value),
    seenBy: (_: string, state: string) => state,
    stepped: () => undefined,
    ended: async () => void world.ends.push(world.value),
  };
  return world;
}

describe('the exploration of interleavings', () => {
  it('comes to every end that there is, and to each state once', async () => {
    const world = counter(2);
    const { ends } = await explore(world, 0);
    expect(new Set(world.ends)).toEqual(new Set([1, 2]));
    expect(world.ends).toHaveLength(ends);
  });

  it('kills and fails at every step, and goes through equal states once', async () => {
    const world = counter(1);
    await explore(world, 1);
    expect(world.ends.sort()).toEqual([0, 1]);
  });

  it('lets an event happen before and between the steps', async () => {
    const seen = new Set<string>();
    const event = {
      name: 'reset',
      inevitable: false,
      canHappen: () => true,
      happen: async () => void (world.value = 10),
    };
    const world = counter(1, [event]);
    world.stepped = ({ choice, after }) => void seen.add(`${choice.who} ${choice.step}: ${after}`);
    await explore(world, 0);
    expect([...seen].sort()).toEqual([
      'actor 0 read: 0',
      'actor 0 read: 10',
      'actor 0 write: 1',
      'actor 0 write: 11',
      'reset happens: 10',
    ]);
  });

  it('names the schedule that shows a violation', async () => {
    const world = counter(2);
    world.ended = async () => {
      if (world.value !== 2) throw new Error('an update was lost');
    };
    await expect(explore(world, 0)).rejects.toThrow(
      /^an update was lost\nin this order:\n(  actor \d: (read|write)\n?){4}$/,
    );
  });

  it('says when code hangs', async () => {
    const world = { ...counter(0), begin: async () => ({ stuck: async () => new Promise(() => undefined) }) };
    await expect(explore(world, 0)).rejects.toThrow('stuck hangs');
  });
});
