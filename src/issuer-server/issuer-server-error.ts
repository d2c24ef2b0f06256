/** Something that an operator asked of the issuer cannot be done. The message is a whole sentence for that person. */
export class IssuerServerError extends Error {
  override readonly name = 'IssuerServerError';
  /** `conflict`: it cannot be done in the present state of what it is about. */
  readonly code: 'invalid_terms' | 'license_unknown' | 'key_unknown' | 'conflict';
  /** Of the terms, the one that cannot be had, by the name that requests and outputs have for it. */
  readonly field: string | undefined;

  constructor(
    message: string,
    {
      code = 'conflict',
      field,
      cause,
    }: { readonly code?: IssuerServerError['code']; readonly field?: string; readonly cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.field = field;
  }
}

/** Terms that no license can have. */
export function invalidTerms(field: string, message: string, cause?: unknown): IssuerServerError {
  return new IssuerServerError(message, { code: 'invalid_terms', field, cause });
}

/** No license has this id. */
export function noLicense(lid: string): IssuerServerError {
  return new IssuerServerError(`There is no license "${lid}".`, { code: 'license_unknown' });
}

/** A revoked license is left as it is. @param then - what the operator can do after `resume` */
export function stillRevoked(lid: string, then: string): IssuerServerError {
  return new IssuerServerError(`The license "${lid}" is revoked: "resume" takes that back, then ${then} it.`);
}
