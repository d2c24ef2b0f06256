import { randomInt } from 'node:crypto';

/**
 * The caller lacks an action, or the check of it failed. The answer has an id and no reason; the log has the reason
 * under the same id.
 */
export class AccessDeniedError extends Error {
  override readonly name = 'AccessDeniedError';
  readonly id = `ACE${String(randomInt(10 ** 10)).padStart(10, '0')}`;

  /**
   * @param needed - the actions that would have let the caller in
   * @param reason - why it was refused, for the log alone
   */
  constructor(
    readonly needed: readonly string[],
    readonly reason: string,
  ) {
    super('Access denied');
  }

  /** The answer's body: exactly these three members. */
  body(): { accessErrorId: string; message: string; title: string } {
    return {
      accessErrorId: this.id,
      message:
        "You'll need additional permissions to perform this action. " +
        `Permissions needed: ${this.needed.join(', ')}`,
      title: 'Access denied',
    };
  }
}
