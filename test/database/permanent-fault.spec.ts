import { QueryFailedError } from 'typeorm';
import { TransferError } from '../../src/database/export-file.js';
import { findPermanentFault, permanentFault } from '../../src/database/permanent-fault.js';
import { ServiceError } from '../../src/domain/service-error.js';

describe('What keeps a database from being opened', () => {
  it.each<[string | undefined, string | undefined, string]>([
    // code, system call, what it is
    ['EACCES', 'mkdir', 'directory-unusable'],
    ['EACCES', 'access', 'directory-unusable'],
    ['EPERM', 'open', 'directory-unusable'],
    ['EROFS', 'mkdir', 'directory-unusable'],
    ['ENOTDIR', 'scandir', 'directory-unusable'],
    ['ELOOP', 'mkdir', 'directory-unusable'],
    ['ENAMETOOLONG', 'mkdir', 'directory-unusable'],
    ['3D000', undefined, 'no-such-database'],
    ['28P01', undefined, 'credentials-refused'],
    ['28000', undefined, 'credentials-refused'],
    ['42501', undefined, 'credentials-refused'],
    ['22023', undefined, 'credentials-refused'],
    ['42704', undefined, 'credentials-refused'],
    // A firewall, a socket's rights.
    ['EACCES', 'connect', 'passes'],
    ['EPERM', 'connect', 'passes'],
    ['ECONNREFUSED', 'connect', 'passes'],
    ['ECONNRESET', 'read', 'passes'],
    ['ETIMEDOUT', 'connect', 'passes'],
    ['EHOSTUNREACH', 'connect', 'passes'],
    ['ENOENT', 'connect', 'passes'],
    ['ENOTFOUND', 'getaddrinfo', 'passes'],
    ['EAI_AGAIN', 'getaddrinfo', 'passes'],
    ['ENOSPC', 'write', 'passes'],
    ['EDQUOT', 'write', 'passes'],
    ['EMFILE', 'open', 'passes'],
    ['EIO', 'read', 'passes'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', undefined, 'passes'],
    ['CERT_HAS_EXPIRED', undefined, 'passes'],
    ['08006', undefined, 'passes'],
    ['08P01', undefined, 'passes'],
    ['53300', undefined, 'passes'],
    ['53100', undefined, 'passes'],
    ['55000', undefined, 'passes'],
    ['57P01', undefined, 'passes'],
    ['57P03', undefined, 'passes'],
    ['58030', undefined, 'passes'],
    ['XX000', undefined, 'passes'],
    [undefined, undefined, 'passes'],
  ])('%s of %s: %s', (code, syscall, expected) => {
    expect(permanentFault(code, syscall)?.reason ?? 'passes').toBe(expected);
  });

  const coded = (code: string, message = 'the reason') => Object.assign(new Error(message), { code });

  it('is found below errors that wrap it, and says what it is and what to do', () => {
    const wrapped = new ServiceError('database.unavailable', undefined, {
      cause: new Error('the lock failed', { cause: coded('EROFS') }),
    });
    expect(findPermanentFault(wrapped)?.message).toBe(
      'The directory of the embedded database cannot be used: the reason. Its file system is read-only: mount it writable, ' +
        'or use another directory: DATABASE_URL=pglite://<directory> (npm start: ./data).',
    );
    expect(findPermanentFault(coded('3D000', 'database "x" does not exist'))?.message).toBe(
      'The database that DATABASE_URL names cannot be used: database "x" does not exist. ' +
        'Create it (CREATE DATABASE), or correct the name in DATABASE_URL.',
    );
  });

  it('is a password that is missing too, for which the driver has no code', () => {
    const missing = new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string');
    expect(findPermanentFault(missing)?.reason).toBe('credentials-refused');
  });

  it.each<[string, unknown]>([
    ['a statement', new QueryFailedError('SELECT 1', [], coded('42501'))],
    [
      'another file than the database',
      new TransferError('It cannot be written.', { cause: coded('EACCES') }),
    ],
    ['a server that is away', coded('ECONNREFUSED')],
    ['no error at all', undefined],
  ])('is not what is wrong with %s', (_, error) => {
    expect(findPermanentFault(error)).toBeUndefined();
  });
});
