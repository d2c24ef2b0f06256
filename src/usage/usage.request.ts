import { applyDecorators } from '@nestjs/common';
import { IsDefined, IsIn, type ValidationArguments, ValidateBy } from 'class-validator';
import {
  SUBJECT_KINDS,
  type SubjectKind,
  subjectFault,
  USER_ROLES,
  type UserRole,
} from '../domain/usage/subject.js';
import { IfPresent } from '../http/if-present.decorator.js';

/** For the name of a subject or session. */
const IsSubject = (): PropertyDecorator =>
  ValidateBy({
    name: 'isSubject',
    validator: {
      validate: (value: unknown) => subjectFault(value) === undefined,
      defaultMessage: (given?: ValidationArguments) =>
        `${given?.property} ${subjectFault(given?.value as unknown)}`,
    },
  });

const IsKind = (): PropertyDecorator =>
  applyDecorators(
    IfPresent(),
    IsIn(SUBJECT_KINDS, { message: `kind must be one of ${SUBJECT_KINDS.join(', ')}` }),
  );

/** `POST /api/licensing/usage/seen` */
export class SeenRequest {
  /** Read by the domain, which knows the moment and names the one that is wrong. */
  @IsDefined({ message: 'events must be an array' })
  readonly events!: unknown;
}

/** `POST /api/licensing/usage/admit` */
export class AdmitRequest {
  @IsSubject()
  readonly subject!: string;

  @IsKind()
  readonly kind?: SubjectKind;

  @IfPresent()
  @IsIn(USER_ROLES, { message: `role must be one of ${USER_ROLES.join(', ')}` })
  readonly role?: UserRole;
}

/** `PUT /api/licensing/usage/sessions/:session` */
export class SessionRequest {
  @IsSubject()
  readonly subject!: string;
}

/** `POST /api/licensing/usage/left`, `explain`, and `DELETE /api/licensing/usage/subjects` */
export class SubjectRequest {
  @IsSubject()
  readonly subject!: string;

  @IsKind()
  readonly kind?: SubjectKind;
}
