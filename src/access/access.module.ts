import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessGuard } from './access.guard.js';
import { Authenticator } from './authenticator.js';
import { LastUses } from './last-uses.js';
import { WriteLimitGuard } from './write-limit.guard.js';

/** Who calls, and may they. The guards are global and run in this order. */
@Module({
  providers: [
    Authenticator,
    LastUses,
    { provide: APP_GUARD, useClass: AccessGuard },
    { provide: APP_GUARD, useClass: WriteLimitGuard },
  ],
  exports: [LastUses],
})
export class AccessModule {}
