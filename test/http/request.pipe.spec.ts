import 'reflect-metadata';
import { getMetadataStorage } from 'class-validator';
import * as accounts from '../../src/accounts/service-account.request.js';
import type { ServiceError } from '../../src/domain/service-error.js';
import { RequestPipe } from '../../src/http/request.pipe.js';
import * as renewals from '../../src/issuer-server/renewals/renewal.request.js';
import * as licenses from '../../src/licensing/install/license.request.js';
import * as usage from '../../src/usage/usage.request.js';

type Class = new () => object;

const CLASSES = Object.values({ ...accounts, ...renewals, ...licenses, ...usage }).filter(
  (exported) => typeof exported === 'function',
) as Class[];

const isText = (value: unknown) => typeof value === 'string';
const isTruth = (value: unknown) => typeof value === 'boolean';
const TEXT = { says: 'must be a string', isOfType: isText };
const TRUTH = { says: 'must be true or false', isOfType: isTruth };
const CHOICE = { says: 'must be one of', isOfType: isText };

/** Every member of every request: what says its type, and a value that may be sent. */
const MEMBERS = {
  name: { ...TEXT, value: 'a name' },
  role: { ...CHOICE, value: undefined },
  isDisabled: { ...TRUTH, value: true },
  secondsToLive: { says: 'must be a whole number', isOfType: Number.isInteger, value: 60 },
  isRevoked: { says: 'must be true', isOfType: isTruth, value: true },
  roleUid: { ...TEXT, value: 'fixed_x' },
  token: { ...TEXT, value: 'a.b.c' },
  queue: { ...TRUTH, value: true },
  acknowledge: { ...TRUTH, value: true },
  instance: { ...TEXT, value: 'http://host/' },
  version: { ...TEXT, value: '1' },
  dryRun: { ...TRUTH, value: true },
  usage: {
    says: 'must be an object',
    isOfType: (value: unknown) => value?.constructor === Object,
    value: {},
  },
  // What is in it, and whether it is an array, is for the domain to say.
  events: { says: '', isOfType: () => true, value: [] },
  subject: { ...TEXT, value: 'anna' },
  kind: { ...CHOICE, value: 'user' },
} as const;

type Member = keyof typeof MEMBERS;

const VALUES = ['5', '', 5, 1.5, -1, 3_000_000_000, true, null, [], ['a'], {}];

function membersOf(type: Class): Member[] {
  const metadata = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  return [...new Set(metadata.map(({ propertyName }) => propertyName as Member))];
}

/** @returns undefined where the body is taken */
async function refusal(type: Class, member: Member, value: unknown): Promise<string | undefined> {
  const others = membersOf(type).map((name) => [name, MEMBERS[name].value] as const);
  const sent = others.filter(([, other]) => other !== undefined);
  try {
    const body = { ...Object.fromEntries(sent), [member]: value };
    await new RequestPipe().transform(body as never, { type: 'body', metatype: type });
    return undefined;
  } catch (error) {
    return (error as ServiceError).detail;
  }
}

describe('A member of a request that has the wrong type', () => {
  const members = CLASSES.flatMap((type) =>
    membersOf(type).map((member) => [type.name, member, type] as const),
  );

  it('is looked for in every member of every request', () => {
    expect([...new Set(members.map(([, member]) => member))].sort()).toEqual(Object.keys(MEMBERS).sort());
  });

  it.each(members)('is refused by the type that %s wants: %s', async (_, member, type) => {
    const { says, isOfType } = MEMBERS[member];
    for (const value of VALUES.filter((candidate) => !isOfType(candidate)))
      expect([value, await refusal(type, member, value)]).toEqual([
        value,
        expect.stringContaining(`${member} ${says}`),
      ]);
  });

  it('is another fault than a value that is wrong', async () => {
    const { CreateTokenRequest } = accounts;
    expect(await refusal(CreateTokenRequest, 'secondsToLive', -1)).toBe('secondsToLive must not be negative');
    expect(await refusal(CreateTokenRequest, 'secondsToLive', 60)).toBeUndefined();
  });
});
