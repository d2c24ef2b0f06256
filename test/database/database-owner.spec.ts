import { ISSUER_SERVER_SCHEMA } from '../../src/issuer-server/issuer-server-schema.js';
import { otherOwner, programOf } from '../../src/database/database-owner.js';
import { SERVICE_SCHEMA } from '../../src/schema/service-schema.js';

const SERVICE = SERVICE_SCHEMA.migrations.map(({ name }) => name);
const ISSUER = ISSUER_SERVER_SCHEMA.migrations.map(({ name }) => name);
const [SERVICE_FIRST, ISSUER_FIRST] = [SERVICE[0] as string, ISSUER[0] as string];
const NEWER = 'Newer2000000000000';
const ISSUERS_NEWER = 'AuthorityNewer2000000000000';

describe('Whose a database is, by the migrations that it lists', () => {
  it.each([
    // The program that asks, what is listed, and whose it is where it is not its own.
    ['service', 'nothing', SERVICE, [], undefined],
    ['issuer', 'nothing', ISSUER, [], undefined],
    ['service', 'its own', SERVICE, SERVICE, undefined],
    ['issuer', 'its own', ISSUER, ISSUER, undefined],
    ['service', 'the first of its own', SERVICE, [SERVICE_FIRST], undefined],
    ['service', 'the issuer’s', SERVICE, ISSUER, 'issuer'],
    ['issuer', 'the service’s', ISSUER, SERVICE, 'service'],
    ['service', 'the first of the issuer', SERVICE, [ISSUER_FIRST], 'issuer'],
    ['issuer', 'the first of the service', ISSUER, [SERVICE_FIRST], 'service'],
    ['service', 'those of a newer issuer', SERVICE, [...ISSUER, ISSUERS_NEWER], 'issuer'],
    ['issuer', 'those of a newer service', ISSUER, [...SERVICE, NEWER], 'service'],
    ['service', 'both', SERVICE, [...ISSUER, ...SERVICE], undefined],
    ['issuer', 'both', ISSUER, [...SERVICE, ...ISSUER], undefined],
    ['service', 'the issuer’s, and one of a newer service', SERVICE, [...ISSUER, NEWER], undefined],
    ['issuer', 'the service’s, and one of a newer issuer', ISSUER, [...SERVICE, ISSUERS_NEWER], undefined],
    ['service', 'what neither knows', SERVICE, [NEWER], undefined],
    ['issuer', 'what neither knows', ISSUER, [NEWER], undefined],
    ['service', 'what neither knows, by a name as the issuer’s', SERVICE, [ISSUERS_NEWER], undefined],
  ])('to the %s, when it lists %s', (_program, _listed, known, recorded, owner) => {
    expect(otherOwner(known, recorded)).toBe(owner);
  });

  it('is told by names that begin as those of their program do', () => {
    expect(new Set(SERVICE.map(programOf))).toEqual(new Set(['service']));
    expect(new Set(ISSUER.map(programOf))).toEqual(new Set(['issuer']));
  });
});
