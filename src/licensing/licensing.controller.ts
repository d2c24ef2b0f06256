import { Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import { ByActor, type RequestActor } from '../access/actor.decorator.js';
import { LicenseStatus } from '../domain/license/license.js';
import { EmptyRequest } from '../http/empty.request.js';
import { RequireAction } from '../http/require-action.decorator.js';
import { JsonBody } from '../http/json-body.js';
import { type InspectionResponse, inspectionResponse } from './install/inspection.response.js';
import {
  InspectLicenseRequest,
  InstallLicenseRequest,
  RemoveLicenseRequest,
} from './install/license.request.js';
import { LicenseInstaller } from './install/license-installer.js';
import { LicenseReader } from './license/license-reader.js';
import { type LicenseResponse, licenseResponse } from './license/license.response.js';
import { LicensingService } from './licensing.service.js';
import { LicenseRenewal } from './renewal/license-renewal.js';

@Controller('api/licensing')
export class LicensingController {
  constructor(
    private readonly reader: LicenseReader,
    private readonly installer: LicenseInstaller,
    private readonly renewal: LicenseRenewal,
    private readonly licensing: LicensingService,
  ) {}

  @Get('check')
  @RequireAction('licensing:read', { fromMemory: true })
  check(): boolean {
    return this.reader.current().status === LicenseStatus.Valid;
  }

  @Get('token')
  @RequireAction('licensing:read', { fromMemory: true })
  current(): LicenseResponse {
    return licenseResponse(this.reader.current());
  }

  @Post('token')
  @HttpCode(200)
  @RequireAction('licensing:write')
  async install(
    @ByActor() actor: RequestActor,
    @JsonBody() { token, queue = false, acknowledge = false }: InstallLicenseRequest,
  ): Promise<LicenseResponse> {
    return licenseResponse(await this.installer.install(actor, token, { queue, acknowledge }));
  }

  @Post('token/inspect')
  @HttpCode(200)
  @RequireAction('licensing:read')
  async inspect(@JsonBody() { token }: InspectLicenseRequest): Promise<InspectionResponse> {
    return inspectionResponse(await this.installer.inspect(token));
  }

  @Post('token/renew')
  @HttpCode(200)
  @RequireAction('licensing:write')
  async renew(@ByActor() actor: RequestActor, @JsonBody() _body: EmptyRequest): Promise<LicenseResponse> {
    return licenseResponse(await this.renewal.renew(actor));
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
