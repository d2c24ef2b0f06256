import { ValidateIf } from 'class-validator';

/** For a member of a request that need not be sent. Unlike `@IsOptional`, which also lets `null` pass. */
export const IfPresent = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);
