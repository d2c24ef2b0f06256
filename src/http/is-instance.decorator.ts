import { applyDecorators } from '@nestjs/common';
import { IsNotEmpty, IsString, Matches } from 'class-validator';
import { MAX_ROOT_URL_CHARACTERS } from '../domain/root-url.js';

/** By characters, as `maxLength` counts: `MaxLength` leaves some out (variation selectors). */
const SHORT_ENOUGH = new RegExp(`^[^]{0,${MAX_ROOT_URL_CHARACTERS}}$`, 'u');

/** For the root URL of an instance in a request. Whether it is one is for the handler to say. */
export const IsInstance = (): PropertyDecorator =>
  applyDecorators(
    IsString({ message: 'instance must be a string' }),
    IsNotEmpty({ message: 'instance must not be empty' }),
    Matches(SHORT_ENOUGH, { message: `instance must have at most ${MAX_ROOT_URL_CHARACTERS} characters` }),
  );
