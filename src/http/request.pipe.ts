import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { getMetadataStorage, validate, type ValidationError } from 'class-validator';
import type { JsonValue } from '../domain/token/strict-json.js';
import { ServiceError } from '../domain/service-error.js';
import { badRequest } from './bad-request.js';

/** What a request class may say of itself besides its constraints. */
interface RequestClass {
  new (): object;
  /** An empty body counts as `{}`. */
  readonly emptyBody?: true;
  /** A sentence for a mistake that callers are known to make; undefined when this body does not make it. */
  readonly explain?: (body: Readonly<Record<string, JsonValue>>) => string | undefined;
}

/**
 * Turns a body into an instance of the handler's request class, or refuses it. Nothing is coerced, and a member that
 * the class does not know is refused. (class-transformer, which Nest's own pipe uses, drops `__proto__` and
 * `constructor` silently; here they are unknown members like any other.)
 */
@Injectable()
export class RequestPipe implements PipeTransform {
  async transform(value: JsonValue | undefined | Promise<JsonValue | undefined>, metadata: ArgumentMetadata) {
    const type = metadata.metatype as unknown as RequestClass;
    const sent = await value;
    // An empty body, and not `null`, which is one.
    const body = sent === undefined && type.emptyBody ? {} : sent;
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw badRequest('the body must be a JSON object');
    }
    const explanation = type.explain?.(body);
    if (explanation !== undefined) throw new ServiceError('bad-request', explanation);
    const known = membersOf(type);
    const instance = new type();
    // Declared fields are members of their own, undefined: what was not sent is not to be there at all.
    for (const name of Object.keys(instance)) Reflect.deleteProperty(instance, name);
    for (const [name, member] of Object.entries(body)) {
      if (!known.has(name)) throw badRequest(unknownMember(name));
      Object.defineProperty(instance, name, { value: member, enumerable: true });
    }
    const [fault] = await validate(instance, { forbidUnknownValues: false });
    if (fault !== undefined) throw badRequest(reasonOf(fault));
    return instance;
  }
}

/** Checks of a JSON type: what else is wrong with a value of another type says nothing. */
const CHECKS_OF_TYPE = ['isString', 'isInt', 'isBoolean', 'isObject', 'isArray'];

function reasonOf({ property, constraints = {} }: ValidationError): string {
  const failed = Object.keys(constraints);
  const check = failed.find((name) => CHECKS_OF_TYPE.includes(name)) ?? failed[0];
  return (check === undefined ? undefined : constraints[check]) ?? `${property} is wrong`;
}

/** Names the member only where it is a plain name: it comes from outside. */
function unknownMember(name: string): string {
  return /^[A-Za-z_]{1,40}$/.test(name)
    ? `${name} is not a member of this request`
    : 'the body has an unknown member';
}

function membersOf(type: RequestClass): Set<string> {
  const metadata = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  return new Set(metadata.map((constraint) => constraint.propertyName));
}
