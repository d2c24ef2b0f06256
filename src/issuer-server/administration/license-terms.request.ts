import { applyDecorators } from '@nestjs/common';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsString,
  Max,
  Min,
  ValidateIf,
} from 'class-validator';
import type { SeatPolicyClaim } from '../../domain/usage/seat-policy.js';
import { IfPresent } from '../../http/if-present.decorator.js';
import { MAX_COUNT, MAX_DAYS } from '../licenses/license-terms.js';
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '../keys/new-signing-key.js';

const LATEST_TIME = 253_402_300_799;
const MAX_SECONDS = MAX_DAYS * 86_400;
const MAX_PRODUCTS = 100;

const Whole = (name: string, least: number, most: number) => {
  const message = `${name} must be a whole number from ${least} to ${most}`;
  return applyDecorators(IsInt({ message }), Min(least, { message }), Max(most, { message }));
};
const Text = (name: string) => IsString({ message: `${name} must be a string` });
const Flag = (name: string) => IsBoolean({ message: `${name} must be true or false` });

/** A term that a change can take away, by null. */
const Removable = () => ValidateIf((_, value) => value !== undefined && value !== null);

/** What `issue` and `change` take, by the names of the claims; the rules of a license come later. */
class TermsRequest {
  @IfPresent()
  @IsArray({ message: 'prod must be an array' })
  @ArrayMinSize(1, { message: 'prod must name a product' })
  @ArrayMaxSize(MAX_PRODUCTS, { message: `prod must name at most ${MAX_PRODUCTS} products` })
  @IsString({ each: true, message: 'prod must be an array of strings' })
  readonly prod?: string[];

  /** When it begins, Unix seconds. */
  @IfPresent()
  @Whole('nbf', 1, LATEST_TIME)
  readonly nbf?: number;

  /** How long it lasts from its beginning. */
  @IfPresent()
  @Whole('license_seconds', 1, MAX_SECONDS)
  readonly license_seconds?: number;

  @IfPresent()
  @Whole('token_seconds', 60, MAX_SECONDS)
  readonly token_seconds?: number;

  @IfPresent()
  @Whole('lic_exp_warn_days', 0, MAX_DAYS)
  readonly lic_exp_warn_days?: number;

  @IfPresent()
  @Whole('tok_exp_warn_days', 0, MAX_DAYS)
  readonly tok_exp_warn_days?: number;

  @IfPresent()
  @Whole('update_days', 0, MAX_DAYS)
  readonly update_days?: number;

  @IfPresent()
  @Flag('usage_billing')
  readonly usage_billing?: boolean;
}

/** `POST /v1/admin/licenses` */
export class IssueRequest extends TermsRequest {
  @Text('sub')
  readonly sub!: string;

  /** With it a repetition issues nothing. */
  @IfPresent()
  @Text('lid')
  readonly lid?: string;

  @IfPresent()
  @Text('company')
  readonly company?: string;

  @IfPresent()
  @Whole('included_users', 0, MAX_COUNT)
  readonly included_users?: number;

  @IfPresent()
  @Whole('included_admins', 0, MAX_COUNT)
  readonly included_admins?: number;

  @IfPresent()
  @Whole('included_viewers', 0, MAX_COUNT)
  readonly included_viewers?: number;

  @IfPresent()
  @Whole('anonymousRatio', 0, MAX_COUNT)
  readonly anonymousRatio?: number;

  @IfPresent()
  @Whole('max_concurrent_user_sessions', 0, MAX_COUNT)
  readonly max_concurrent_user_sessions?: number;

  @IfPresent()
  @IsObject({ message: 'seat_policy must be an object' })
  readonly seat_policy?: SeatPolicyClaim;
}

/** `PATCH /v1/admin/licenses/:lid`: at least one member. */
export class ChangeRequest extends TermsRequest {
  static explain(body: object): string | undefined {
    if ('lexp' in body && 'license_seconds' in body)
      return 'Bad request data: lexp and license_seconds exclude each other';
    return Object.keys(body).length === 0 ? 'Bad request data: say what to change' : undefined;
  }

  /** When it ends, Unix seconds. */
  @IfPresent()
  @Whole('lexp', 1, LATEST_TIME)
  readonly lexp?: number;

  @Removable()
  @Text('company')
  readonly company?: string | null;

  @Removable()
  @Whole('included_users', 0, MAX_COUNT)
  readonly included_users?: number | null;

  @Removable()
  @Whole('included_admins', 0, MAX_COUNT)
  readonly included_admins?: number | null;

  @Removable()
  @Whole('included_viewers', 0, MAX_COUNT)
  readonly included_viewers?: number | null;

  @Removable()
  @Whole('anonymousRatio', 0, MAX_COUNT)
  readonly anonymousRatio?: number | null;

  @Removable()
  @Whole('max_concurrent_user_sessions', 0, MAX_COUNT)
  readonly max_concurrent_user_sessions?: number | null;

  @Removable()
  @IsObject({ message: 'seat_policy must be an object' })
  readonly seat_policy?: SeatPolicyClaim | null;
}

/** `POST /v1/admin/licenses/:lid/prolong`: one of the two. */
export class ProlongRequest {
  static explain(body: object): string | undefined {
    return 'days' in body === 'until' in body ? 'Bad request data: say either days or until' : undefined;
  }

  @IfPresent()
  @Whole('days', 1, MAX_DAYS)
  readonly days?: number;

  /** Unix seconds. */
  @IfPresent()
  @Whole('until', 1, LATEST_TIME)
  readonly until?: number;
}

/** `POST /v1/admin/keys` */
export class AddKeyRequest {
  static readonly emptyBody = true;

  @IfPresent()
  @IsIn(SIGNING_ALGORITHMS, { message: `algorithm must be one of ${SIGNING_ALGORITHMS.join(', ')}` })
  readonly algorithm?: SigningAlgorithm;
}

/** `POST /v1/admin/keys/:kid/activate` and `…/retire` */
export class ForceRequest {
  static readonly emptyBody = true;

  @IfPresent()
  @Flag('force')
  readonly force?: boolean;
}
