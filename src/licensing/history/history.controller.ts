import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ByActor, type RequestActor } from '../../access/actor.decorator.js';
import { RequireAction } from '../../http/require-action.decorator.js';
import { JsonBody } from '../../http/json-body.js';
import {
  type HistoryResponse,
  historyResponse,
  type RollbackResponse,
  rollbackResponse,
} from './history.response.js';
import { LicenseHistory } from './license-history.js';
import { EmptyRequest } from '../../http/empty.request.js';

@Controller('api/licensing/token')
export class HistoryController {
  constructor(private readonly history: LicenseHistory) {}

  @Get('history')
  @RequireAction('licensing:read')
  async past(): Promise<HistoryResponse> {
    return historyResponse(await this.history.past());
  }

  @Post('rollback')
  @HttpCode(200)
  @RequireAction('licensing:write')
  async rollback(@ByActor() actor: RequestActor, @JsonBody() _body: EmptyRequest): Promise<RollbackResponse> {
    return rollbackResponse(await this.history.rollback(actor));
  }
}
