import { IsString } from 'class-validator';
import { IfPresent } from '../http/if-present.decorator.js';

/** The ways to sign in: the members of a body, sorted. */
const WAYS = ['link', 'name,password', 'token'];

/** `POST /ui/session` */
export class SignInRequest {
  static explain(body: object): string | undefined {
    return WAYS.includes(Object.keys(body).sort().join())
      ? undefined
      : 'Bad request data: send name and password, or token, or link';
  }

  /** Of an administrator. */
  @IfPresent()
  @IsString({ message: 'name must be a string' })
  readonly name?: string;

  @IfPresent()
  @IsString({ message: 'password must be a string' })
  readonly password?: string;

  /** Of a service account, or the bootstrap token. */
  @IfPresent()
  @IsString({ message: 'token must be a string' })
  readonly token?: string;

  /** The code of a sign-in link. */
  @IfPresent()
  @IsString({ message: 'link must be a string' })
  readonly link?: string;
}
