/** The body of a call that takes none: nothing, or an empty object. */
export class EmptyRequest {
  static readonly emptyBody = true;
}
