/** Something that an operator asked of the issuer cannot be done. The message is a whole sentence for that person. */
export class AuthorityError extends Error {
  override readonly name = 'AuthorityError';
}

/** No license has this id. */
export function noLicense(lid: string): AuthorityError {
  return new AuthorityError(`There is no license "${lid}".`);
}
