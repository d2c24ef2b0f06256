import { Controller, HttpCode, Post, Query } from '@nestjs/common';
import { ByActor, type RequestActor } from '../../access/actor.decorator.js';
import { EmptyRequest } from '../../http/empty.request.js';
import { FlagPipe } from '../../http/flag.pipe.js';
import { JsonBody } from '../../http/json-body.js';
import { RequireAction } from '../../http/require-action.decorator.js';
import { Provisioner } from './provisioner.js';
import type { ProvisionedChange } from './provisioning-run.js';
import type { ProvisioningFault } from './provisioning-faults.js';

interface ReloadResponse {
  readonly message: string;
  readonly dryRun: boolean;
  readonly changes: readonly ProvisionedChange[];
  /** Left out where there is none. */
  readonly retired?: readonly ProvisioningFault[];
}

@Controller('api/admin/provisioning/access-control')
export class ProvisioningController {
  constructor(private readonly provisioner: Provisioner) {}

  @Post('reload')
  @HttpCode(200)
  @RequireAction('provisioning:reload')
  async reload(
    @ByActor() actor: RequestActor,
    @JsonBody() _body: EmptyRequest,
    @Query('dryRun', new FlagPipe('dryRun')) isDryRun: boolean,
  ): Promise<ReloadResponse> {
    const { changes, retired } = await this.provisioner.reload(actor, isDryRun);
    const message = isDryRun ? 'Nothing was changed' : 'Accesscontrol config reloaded';
    return { message, dryRun: isDryRun, changes, ...(retired.length > 0 && { retired }) };
  }
}
