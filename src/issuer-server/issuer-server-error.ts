/** Something that an operator asked of the issuer cannot be done. The message is a whole sentence for that person. */
export class IssuerServerError extends Error {
  override readonly name = 'IssuerServerError';
}

/** No license has this id. */
export function noLicense(lid: string): IssuerServerError {
  return new IssuerServerError(`There is no license "${lid}".`);
}
