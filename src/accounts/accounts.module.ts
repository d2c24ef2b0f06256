import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { AccountsService } from './accounts.service.js';
import { AccountsStore } from './accounts.store.js';
import { CustomPermissions } from './custom-permissions.js';
import { CustomPermissionsController } from './custom-permissions.controller.js';
import { KnownTokenStore } from './known-token.store.js';
import { LastAdministrator } from './last-administrator.js';
import { LastUseWriter } from './last-use-writer.js';
import { ServiceAccountsController } from './service-accounts.controller.js';
import { UserRolesController } from './user-roles.controller.js';

/** Service accounts, their tokens and roles. */
@Module({
  imports: [AccessModule],
  controllers: [ServiceAccountsController, UserRolesController, CustomPermissionsController],
  providers: [
    AccountsStore,
    KnownTokenStore,
    AccountsService,
    LastAdministrator,
    LastUseWriter,
    CustomPermissions,
  ],
  exports: [AccountsService],
})
export class AccountsModule {}
