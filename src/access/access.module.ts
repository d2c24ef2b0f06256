import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessGuard } from './access.guard.js';
import { Authenticator } from './authenticator.js';
import { LastUses } from './last-uses.js';
import { LoadGuard } from './load.guard.js';

/** Who calls, and may they. The guards are global and run in this order. */
@Module({
  providers: [
    Authenticator,
    LastUses,
    { provide: APP_GUARD, useClass: AccessGuard },
    { provide: APP_GUARD, useClass: LoadGuard },
  ],
  exports: [LastUses],
})
export class AccessModule {}
