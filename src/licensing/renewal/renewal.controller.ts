import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { RequireAction } from '../../http/require-action.decorator.js';
import { JsonBody } from '../../http/json-body.js';
import { EmptyRequest } from '../../http/empty.request.js';
import { RenewalReporter } from './renewal-reporter.js';
import type { RehearsalResponse, RenewalResponse } from './renewal.response.js';

@Controller('api/licensing/renewal')
export class RenewalController {
  constructor(private readonly reporter: RenewalReporter) {}

  @Get()
  @RequireAction('licensing:read', { fromMemory: true })
  async report(): Promise<RenewalResponse> {
    return this.reporter.report();
  }

  @Post('rehearse')
  @HttpCode(200)
  @RequireAction('licensing:write')
  async rehearse(@JsonBody() _body: EmptyRequest): Promise<RehearsalResponse> {
    return this.reporter.rehearse();
  }
}
