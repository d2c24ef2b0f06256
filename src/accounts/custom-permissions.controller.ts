import { Controller, Get, Header } from '@nestjs/common';
import { RequireAction } from '../http/require-action.decorator.js';
import {
  type CustomPermissionResponse,
  customPermissionResponse,
  customPermissionsCsv,
} from './custom-permissions.response.js';
import { CustomPermissions } from './custom-permissions.js';

@Controller('api/licensing')
export class CustomPermissionsController {
  constructor(private readonly permissions: CustomPermissions) {}

  @Get('custom-permissions')
  @RequireAction('licensing.reports:read')
  async list(): Promise<CustomPermissionResponse[]> {
    return (await this.permissions.list()).map(customPermissionResponse);
  }

  @Get('custom-permissions-csv')
  @RequireAction('licensing.reports:read')
  @Header('Content-Type', 'text/csv; charset=utf-8')
  async csv(): Promise<string> {
    return customPermissionsCsv(await this.permissions.list());
  }
}
