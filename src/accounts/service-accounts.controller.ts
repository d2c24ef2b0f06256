import { Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { ByActor, type RequestActor } from '../access/actor.decorator.js';
import { RequireAction } from '../http/require-action.decorator.js';
import { type Clock, CLOCK } from '../domain/clock.js';
import { hasUnstorableText } from '../domain/unstorable-text.js';
import { badRequest } from '../http/bad-request.js';
import { FlagPipe } from '../http/flag.pipe.js';
import { IdPipe } from '../http/id.pipe.js';
import { JsonBody } from '../http/json-body.js';
import { NumberPipe } from '../http/number.pipe.js';
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
  type ServiceAccountsResponse,
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

  @Get('search')
  @RequireAction('serviceaccounts:read')
  async search(
    @Query('query') query: unknown,
    @Query('page', new NumberPipe('page', 1, 1_000_000)) page: number,
    @Query('perpage', new NumberPipe('perpage', 1000, 1000)) perPage: number,
  ): Promise<ServiceAccountsResponse> {
    const { count, accounts } = await this.accounts.search(textIn(query), page, perPage);
    return { totalCount: count, serviceAccounts: accounts.map(serviceAccountResponse), page, perPage };
  }

  @Get(':id')
  @RequireAction('serviceaccounts:read')
  async find(
    @ByActor() actor: RequestActor,
    @Param('id', IdPipe) id: number,
    @Query('accesscontrol', new FlagPipe('accesscontrol')) isDetailed: boolean,
  ): Promise<ServiceAccountResponse> {
    if (!isDetailed) return serviceAccountResponse(await this.accounts.find(id));
    const { account, allowed } = await this.accounts.findFor(actor, id);
    return {
      ...serviceAccountResponse(account),
      accessControl: Object.fromEntries(allowed.map((action) => [action, true] as const)),
    };
  }

  @Delete(':id')
  @RequireAction('serviceaccounts:delete')
  async remove(
    @ByActor() actor: RequestActor,
    @Param('id', IdPipe) id: number,
  ): Promise<{ message: string }> {
    await this.accounts.remove(actor, id);
    return { message: 'Service account deleted' };
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

/** @throws ServiceError `bad-request` */
function textIn(query: unknown): string {
  if (query === undefined) return '';
  if (typeof query !== 'string' || query.length > 190 || hasUnstorableText(query))
    throw badRequest('query must be a text of at most 190 characters, said once');
  return query;
}
