import { IsBoolean, IsNotEmpty, IsObject, IsString, Matches, MaxLength } from 'class-validator';
import type { JsonObject } from '../../domain/token/strict-json.js';
import { IfPresent } from '../../http/if-present.decorator.js';
import { IsInstance } from '../../http/is-instance.decorator.js';

/** `POST /v1/licenses/renew` */
export class RenewalRequest {
  /** The root URL of the instance that asks. */
  @IsInstance()
  readonly instance!: string;

  /** Of the service that asks. */
  @IsString({ message: 'version must be a string' })
  @IsNotEmpty({ message: 'version must not be empty' })
  @MaxLength(100, { message: 'version must have at most 100 characters' })
  @Matches(/^[^\0\p{Surrogate}]*$/u, { message: 'version must not contain NUL or half of a surrogate pair' })
  readonly version!: string;

  /** Only says what a renewal would be answered. */
  @IfPresent()
  @IsBoolean({ message: 'dryRun must be true or false' })
  readonly dryRun?: boolean;

  /** What the instance reports of the use of the license. A malformed report fails no renewal. */
  @IfPresent()
  @IsObject({ message: 'usage must be an object' })
  readonly usage?: JsonObject;
}
