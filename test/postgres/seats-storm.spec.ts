import { jest } from '@jest/globals';
import { POSTGRES_URL } from '../support/database.js';
import { stormOfSeats } from '../storm/seats-storm.js';

jest.setTimeout(180_000);

describe('A crowd that asks for one seat, round after round', () => {
  it('gives it to one of them, with a kill and a renewal in between', async () => {
    const pooled = process.env.TEST_DATABASE_POOLED === undefined ? {} : { through: POSTGRES_URL as string };
    const { violations, rounds, answers } = await stormOfSeats({
      server: process.env.TEST_DATABASE_DIRECT_URL ?? (POSTGRES_URL as string),
      ...{ ...pooled, rounds: 4, calls: 60, replicas: 2, seed: 16, say: () => undefined },
    });
    expect(violations).toEqual([]);
    expect(rounds).toEqual({ nothing: 2, kill: 1, renewal: 1 });
    expect(answers['limit-reached']).toBeGreaterThan(60);
  });
});
