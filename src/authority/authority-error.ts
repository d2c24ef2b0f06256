/** Something that an operator asked of the issuer cannot be done. The message is a whole sentence for that person. */
export class AuthorityError extends Error {
  override readonly name = 'AuthorityError';
}
