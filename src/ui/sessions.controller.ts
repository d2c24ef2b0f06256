import type { IncomingMessage } from 'node:http';
import { Controller, Delete, Get, HttpCode, Param, Req } from '@nestjs/common';
import { callerOf, sessionOf } from '../access/access.guard.js';
import { ByActor, type RequestActor } from '../access/actor.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { RequireAction } from '../http/require-action.decorator.js';
import { listedSession, type ListedSessionResponse } from './session.response.js';
import { REVOKE, SessionsService } from './sessions.service.js';

/** The sessions of all callers, for those who manage accounts. */
@Controller('ui/sessions')
export class SessionsController {
  constructor(private readonly sessions: SessionsService) {}

  @Get()
  @RequireAction('serviceaccounts:read')
  async list(@Req() request: IncomingMessage): Promise<ListedSessionResponse[]> {
    const sessions = await this.sessions.list(callerOf(request));
    return sessions.map((session) => listedSession(session, sessionOf(request)));
  }

  @Delete(':id')
  @HttpCode(204)
  @RequireAction(REVOKE)
  async revoke(@ByActor() actor: RequestActor, @Param('id', IdPipe) id: number): Promise<void> {
    await this.sessions.revoke(actor, id);
  }
}
