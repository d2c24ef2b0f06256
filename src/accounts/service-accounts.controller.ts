import { Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post } from '@nestjs/common';
import { ByActor, type RequestActor } from '../access/actor.decorator.js';
import { RequireAction } from '../http/require-action.decorator.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { IdPipe } from '../http/id.pipe.js';
import { JsonBody } from '../http/json-body.js';
import { AccountsService, type CreatedToken } from './accounts.service.js';
import {
  CreateServiceAccountRequest,
  CreateTokenRequest,
  RevokeTokenRequest,
  UpdateServiceAccountRequest,
} from './service-account.request.js';
import {
  type ServiceAccountResponse,
  serviceAccountResponse,
  type TokenResponse,
  tokenResponse,
} from './service-account.response.js';

@Controller('api/serviceaccounts')
export class ServiceAccountsController {
  constructor(
    private readonly accounts: AccountsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Post()
  @RequireAction('serviceaccounts:create')
  async create(
    @ByActor() actor: RequestActor,
    @JsonBody() { name, role = 'None', isDisabled = false }: CreateServiceAccountRequest,
  ): Promise<ServiceAccountResponse> {
    return serviceAccountResponse(await this.accounts.create(actor, { name, role, isDisabled }));
  }

  @Patch(':id')
  @RequireAction('serviceaccounts:write')
  async update(
    @ByActor() actor: RequestActor,
    @Param('id', IdPipe) id: number,
    @JsonBody() fields: UpdateServiceAccountRequest,
  ): Promise<ServiceAccountResponse> {
    return serviceAccountResponse(await this.accounts.update(actor, id, { ...fields }));
  }

  @Get(':id/tokens')
  @RequireAction('serviceaccounts:read')
  async listTokens(@Param('id', IdPipe) id: number): Promise<TokenResponse[]> {
    const tokens = await this.accounts.listTokens(id);
    return tokens.map((token) => tokenResponse(token, this.clock.now()));
  }

  @Post(':id/tokens')
  @HttpCode(200)
  @RequireAction('serviceaccounts:write')
  async createToken(
    @ByActor() actor: RequestActor,
    @Param('id', IdPipe) id: number,
    @JsonBody() { name, secondsToLive = 0 }: CreateTokenRequest,
  ): Promise<CreatedToken> {
    return this.accounts.createToken(actor, id, name, secondsToLive);
  }

  @Patch(':id/tokens/:tokenId')
  @RequireAction('serviceaccounts:write')
  async revokeToken(
    @ByActor() actor: RequestActor,
    @Param('id', IdPipe) id: number,
    @Param('tokenId', IdPipe) tokenId: number,
    @JsonBody() _body: RevokeTokenRequest,
  ): Promise<TokenResponse> {
    return tokenResponse(await this.accounts.revokeToken(actor, id, tokenId), this.clock.now());
  }

  @Delete(':id/tokens/:tokenId')
  @RequireAction('serviceaccounts:write')
  async deleteToken(
    @ByActor() actor: RequestActor,
    @Param('id', IdPipe) id: number,
    @Param('tokenId', IdPipe) tokenId: number,
  ): Promise<{ message: string }> {
    await this.accounts.deleteToken(actor, id, tokenId);
    return { message: 'Service account token deleted' };
  }
}
