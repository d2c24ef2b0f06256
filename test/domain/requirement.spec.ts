import type { Action } from '../../src/domain/actions.js';
import {
  describeRequirement,
  isMet,
  missingActions,
  type Requirement,
} from '../../src/domain/requirement.js';

const READ = 'licensing:read';
const WRITE = 'licensing:write';
const DELETE = 'licensing:delete';
const NESTED: Requirement = { allOf: [READ, { anyOf: [WRITE, DELETE] }] };

describe('A requirement', () => {
  it.each<[Requirement, Action[], boolean]>([
    [READ, [READ], true],
    [READ, [WRITE], false],
    [READ, [], false],
    [{ anyOf: [READ, WRITE] }, [WRITE], true],
    [{ anyOf: [READ, WRITE] }, [DELETE], false],
    [{ allOf: [READ, WRITE] }, [READ, WRITE, DELETE], true],
    [{ allOf: [READ, WRITE] }, [READ], false],
    [NESTED, [READ, DELETE], true],
    [NESTED, [READ], false],
    [NESTED, [WRITE, DELETE], false],
  ])('%j of a caller with %j: %s', (requirement, actions, met) => {
    expect(isMet(requirement, new Set(actions))).toBe(met);
  });

  it.each<[Requirement]>([[{ anyOf: [] }], [{ allOf: [] }], [{ allOf: [READ, { allOf: [] }] }]])(
    'that is empty is met by nobody: %j',
    (requirement) => {
      expect(isMet(requirement, new Set([READ, WRITE, DELETE]))).toBe(false);
    },
  );

  it.each<[Requirement, string]>([
    [READ, 'licensing:read'],
    [{ anyOf: [READ, WRITE] }, 'any of licensing:read, licensing:write'],
    [{ allOf: [READ, WRITE] }, 'all of licensing:read, licensing:write'],
    [{ allOf: [READ] }, 'licensing:read'],
    [NESTED, 'all of licensing:read, (any of licensing:write, licensing:delete)'],
    [{ anyOf: [] }, 'any of no action'],
  ])('%j says %s', (requirement, words) => {
    expect(describeRequirement(requirement)).toBe(words);
  });

  it('tells what is missing, each action once', () => {
    expect(missingActions({ allOf: [READ, NESTED] }, new Set([WRITE]))).toEqual([READ, DELETE]);
    expect(missingActions(READ, new Set([READ]))).toEqual([]);
  });
});
