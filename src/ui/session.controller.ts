import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  Controller,
  Delete,
  Get,
  HttpCode,
  Post,
  Req,
  Res,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { callerOf, sessionOf } from '../access/access.guard.js';
import { ByActor, type RequestActor } from '../access/actor.decorator.js';
import { SessionUses } from '../access/session-uses.js';
import { DeadlineInterceptor } from '../http/deadline.interceptor.js';
import { JsonBody } from '../http/json-body.js';
import { contextOf } from '../http/request-context.js';
import { OpenToAll, RequireCaller } from '../http/require-action.decorator.js';
import { removedCookie, sessionCookie, sessionSecret } from '../http/session-cookie.js';
import { cookieKindOf, OwnPageGuard } from './own-page.guard.js';
import { SignInRequest } from './session.request.js';
import { type SessionResponse, sessionResponse } from './session.response.js';
import { SessionsService } from './sessions.service.js';
import { type SignIn, SignInService } from './sign-in.service.js';

/** The longest password, escaped character by character, fits. It is read before its caller is known. */
const MAX_BYTES = 16 * 1024;

/** The page's own session. */
@Controller('ui/session')
export class SessionController {
  constructor(
    private readonly signIns: SignInService,
    private readonly sessions: SessionsService,
    private readonly uses: SessionUses,
  ) {}

  @Post()
  @OpenToAll()
  @UseGuards(OwnPageGuard)
  @UseInterceptors(DeadlineInterceptor)
  async signIn(
    @Req() request: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
    @JsonBody(MAX_BYTES) body: SignInRequest,
  ): Promise<SessionResponse> {
    const kind = cookieKindOf(request);
    const former = sessionSecret(request, kind);
    const opened = await this.signIns.open({ ...body } as SignIn, contextOf(request), former);
    response.setHeader('Set-Cookie', sessionCookie(opened.secret, kind));
    return sessionResponse(opened.caller, opened.session, opened.session.lastUsedAt);
  }

  @Get()
  @RequireCaller({ fromMemory: true })
  show(@Req() request: IncomingMessage): SessionResponse {
    const session = sessionOf(request);
    return sessionResponse(callerOf(request), session, session && this.uses.lastUse(session));
  }

  /** A caller without a session has nothing to end. */
  @Delete()
  @HttpCode(204)
  @RequireCaller()
  async signOut(
    @Req() request: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
    @ByActor() actor: RequestActor,
  ): Promise<void> {
    const session = sessionOf(request);
    if (session === undefined) return;
    await this.sessions.signOut(actor, session);
    response.setHeader('Set-Cookie', [removedCookie('secure'), removedCookie('plain')]);
  }
}
