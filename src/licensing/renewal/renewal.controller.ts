import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { RequireAction } from '../../http/require-action.decorator.js';
import { JsonBody } from '../../http/json-body.js';
import { EmptyRequest } from '../../http/empty.request.js';
import { RenewalReporter } from './renewal-reporter.js';
import {
  type RehearsalResponse,
  type RenewalAttemptsResponse,
  renewalAttemptsResponse,
  type RenewalResponse,
} from './renewal.response.js';
import { RenewalStore } from './renewal.store.js';

/** So many attempts are shown. */
const ATTEMPTS_SHOWN = 30;

@Controller('api/licensing/renewal')
export class RenewalController {
  constructor(
    private readonly reporter: RenewalReporter,
    private readonly store: RenewalStore,
  ) {}

  @Get()
  @RequireAction('licensing:read', { fromMemory: true })
  async report(): Promise<RenewalResponse> {
    return this.reporter.report();
  }

  @Get('attempts')
  @RequireAction('licensing:read')
  async attempts(): Promise<RenewalAttemptsResponse> {
    return renewalAttemptsResponse(await this.store.attempts(ATTEMPTS_SHOWN));
  }

  @Post('rehearse')
  @HttpCode(200)
  @RequireAction('licensing:write')
  async rehearse(@JsonBody() _body: EmptyRequest): Promise<RehearsalResponse> {
    return this.reporter.rehearse();
  }
}
