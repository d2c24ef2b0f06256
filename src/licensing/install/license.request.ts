import { IsBoolean, IsString } from 'class-validator';
import { IfPresent } from '../../http/if-present.decorator.js';
import { IsInstance } from '../../http/is-instance.decorator.js';

/** `POST /api/licensing/token` */
export class InstallLicenseRequest {
  /** The published specification of this API types the body as the one of DELETE; clients made from it send that. */
  static explain(body: object): string | undefined {
    return 'instance' in body && !('token' in body)
      ? 'Bad request data: send the license as {"token": "..."}; "instance" belongs to DELETE.'
      : undefined;
  }

  /** The compact JWS. What is wrong with it is for the verification to say. */
  @IsString({ message: 'token must be a string' })
  readonly token!: string;

  /** A license whose `nbf` lies ahead waits for it, instead of being refused. False unless sent. */
  @IfPresent()
  @IsBoolean({ message: 'queue must be true or false' })
  readonly queue?: boolean;

  /** The sender knows what the license takes away from the present one. False unless sent. */
  @IfPresent()
  @IsBoolean({ message: 'acknowledge must be true or false' })
  readonly acknowledge?: boolean;
}

/** `POST /api/licensing/token/inspect` */
export class InspectLicenseRequest {
  /** The compact JWS. */
  @IsString({ message: 'token must be a string' })
  readonly token!: string;
}

/** `DELETE /api/licensing/token` */
export class RemoveLicenseRequest {
  /** The root URL of the instance whose license goes. */
  @IsInstance()
  readonly instance!: string;
}
