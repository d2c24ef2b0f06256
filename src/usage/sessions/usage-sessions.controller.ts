import { Controller, Delete, Param, Put } from '@nestjs/common';
import { ByActor, type RequestActor } from '../../access/actor.decorator.js';
import { subjectFault } from '../../domain/usage/subject.js';
import { badRequest } from '../../http/bad-request.js';
import { JsonBody } from '../../http/json-body.js';
import { RequireAction } from '../../http/require-action.decorator.js';
import { SessionRequest } from '../usage.request.js';
import { UsageSessions } from './usage-sessions.js';

export interface SessionResponse {
  readonly allowed: boolean;
  /** The sessions that have to go. */
  readonly end: readonly string[];
}

@Controller('api/licensing/usage/sessions')
export class UsageSessionsController {
  constructor(private readonly sessions: UsageSessions) {}

  @Put(':session')
  @RequireAction('licensing.usage:write', { isFrequent: true })
  async touch(
    @ByActor() actor: RequestActor,
    @Param('session') session: string,
    @JsonBody() { subject }: SessionRequest,
  ): Promise<SessionResponse> {
    return { allowed: true, end: await this.sessions.touch(assertSession(session), subject, actor) };
  }

  @Delete(':session')
  @RequireAction('licensing.usage:write', { isFrequent: true })
  async end(
    @ByActor() actor: RequestActor,
    @Param('session') session: string,
  ): Promise<Record<string, never>> {
    await this.sessions.end(assertSession(session), actor);
    return {};
  }
}

/** @throws ServiceError `bad-request` */
function assertSession(session: string): string {
  const fault = subjectFault(session);
  if (fault !== undefined) throw badRequest(`session ${fault}`);
  return session;
}
