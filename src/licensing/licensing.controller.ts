import { Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import { ByActor, type RequestActor } from '../access/actor.decorator.js';
import { EmptyRequest } from '../http/empty.request.js';
import { RequireAction } from '../http/require-action.decorator.js';
import { JsonBody } from '../http/json-body.js';
import { type InspectionResponse, inspectionResponse } from './install/inspection.response.js';
import {
  InspectLicenseRequest,
  InstallLicenseRequest,
  RemoveLicenseRequest,
} from './install/license.request.js';
import { type LicenseResponse, licenseResponse } from './license/license.response.js';
import { LicensingService } from './licensing.service.js';

@Controller('api/licensing')
export class LicensingController {
  constructor(private readonly licensing: LicensingService) {}

  @Get('check')
  @RequireAction('licensing:read', { fromMemory: true })
  check(): boolean {
    return this.licensing.check();
  }

  @Get('token')
  @RequireAction('licensing:read', { fromMemory: true })
  current(): LicenseResponse {
    return licenseResponse(this.licensing.current());
  }

  @Post('token')
  @HttpCode(200)
  @RequireAction('licensing:write')
  async install(
    @ByActor() actor: RequestActor,
    @JsonBody() { token, queue = false, acknowledge = false }: InstallLicenseRequest,
  ): Promise<LicenseResponse> {
    return licenseResponse(await this.licensing.install(actor, token, { queue, acknowledge }));
  }

  @Post('token/inspect')
  @HttpCode(200)
  @RequireAction('licensing:read')
  async inspect(@JsonBody() { token }: InspectLicenseRequest): Promise<InspectionResponse> {
    return inspectionResponse(await this.licensing.inspect(token));
  }

  @Post('token/renew')
  @HttpCode(200)
  @RequireAction('licensing:write')
  async renew(@ByActor() actor: RequestActor, @JsonBody() _body: EmptyRequest): Promise<LicenseResponse> {
    return licenseResponse(await this.licensing.renew(actor));
  }

  @Delete('token')
  @HttpCode(202)
  @RequireAction('licensing:delete')
  async remove(
    @ByActor() actor: RequestActor,
    @JsonBody() { instance }: RemoveLicenseRequest,
  ): Promise<Record<string, never>> {
    await this.licensing.remove(actor, instance);
    return {};
  }
}
