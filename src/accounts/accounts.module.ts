import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { AccessControlController } from './access-control.controller.js';
import { AccountsService } from './accounts.service.js';
import { AccountsStore } from './accounts.store.js';
import { CustomPermissions } from './custom-permissions.js';
import { CustomPermissionsController } from './custom-permissions.controller.js';
import { CustomRoleStore } from './custom-role.store.js';
import { CustomRoles } from './custom-roles.service.js';
import { Delegation } from './delegation.js';
import { KnownTokenStore } from './known-token.store.js';
import { LastAdministrator } from './last-administrator.js';
import { LastUseWriter } from './last-use-writer.js';
import { NamedAccountStore } from './named-account.store.js';
import { ProvisionedRoleWriter } from './provisioning/provisioned-role-writer.js';
import { Provisioner } from './provisioning/provisioner.js';
import { ProvisioningComparison } from './provisioning/provisioning-comparison.js';
import { ProvisioningWriter } from './provisioning/provisioning-writer.js';
import { ProvisioningController } from './provisioning/provisioning.controller.js';
import { RoleAssignments } from './role-assignments.service.js';
import { RolesController } from './roles.controller.js';
import { ServiceAccountsController } from './service-accounts.controller.js';
import { UserRolesController } from './user-roles.controller.js';

/** Service accounts, their tokens and roles. */
@Module({
  imports: [AccessModule],
  controllers: [
    AccessControlController,
    ProvisioningController,
    RolesController,
    ServiceAccountsController,
    UserRolesController,
    CustomPermissionsController,
  ],
  providers: [
    AccountsStore,
    KnownTokenStore,
    AccountsService,
    CustomRoleStore,
    CustomRoles,
    Delegation,
    NamedAccountStore,
    ProvisionedRoleWriter,
    Provisioner,
    ProvisioningComparison,
    ProvisioningWriter,
    RoleAssignments,
    LastAdministrator,
    LastUseWriter,
    CustomPermissions,
  ],
  exports: [AccountsService, Provisioner, RoleAssignments],
})
export class AccountsModule {}
