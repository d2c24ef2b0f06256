import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessGuard } from './access.guard.js';
import { Authenticator } from './authenticator.js';
import { LastUses } from './last-uses.js';
import { LoadGuard } from './load.guard.js';
import { SessionAuthenticator } from './session-authenticator.js';
import { SessionUses } from './session-uses.js';

/** Who calls, and may they. The guards are global and run in this order. */
@Module({
  providers: [
    Authenticator,
    LastUses,
    SessionAuthenticator,
    SessionUses,
    { provide: APP_GUARD, useClass: AccessGuard },
    { provide: APP_GUARD, useClass: LoadGuard },
  ],
  exports: [Authenticator, LastUses, SessionUses],
})
export class AccessModule {}
