import { Controller, Get, HttpCode, Param, Patch, Post, UseFilters, UseGuards } from '@nestjs/common';
import { EmptyRequest } from '../../http/empty.request.js';
import { JsonBody } from '../../http/json-body.js';
import type { LicenseChange } from '../licenses/license-change.js';
import type { LicenseTerms } from '../licenses/license-terms.js';
import { AdminTokenGuard, Operator } from './admin-token.guard.js';
import { AdministrationFilter } from './administration.filter.js';
import { LicenseIdPipe } from './license-id.pipe.js';
import {
  AddKeyRequest,
  ChangeRequest,
  ForceRequest,
  IssueRequest,
  ProlongRequest,
} from './license-terms.request.js';
import { LocalAdministration } from './local-administration.js';
import { termsOfMembers } from './terms-members.js';

/** What operators do, see `docs/issuer-protocol.md`. There is none without `ISSUER_ADMIN_TOKEN`. */
@Controller('v1/admin')
@UseGuards(AdminTokenGuard)
@UseFilters(AdministrationFilter)
export class AdministrationController {
  constructor(private readonly administration: LocalAdministration) {}

  @Get('licenses')
  async list() {
    return { licenses: await this.administration.list() };
  }

  @Get('usage')
  async uses() {
    return { licenses: await this.administration.uses() };
  }

  @Post('licenses')
  @HttpCode(200)
  async issue(@Operator() actor: string, @JsonBody() request: IssueRequest) {
    return this.administration.issue(termsOfMembers<LicenseTerms>(request), actor);
  }

  @Get('licenses/:lid')
  async show(@Param('lid', LicenseIdPipe) lid: string) {
    return { license: await this.administration.show(lid) };
  }

  @Get('licenses/:lid/history')
  async history(@Param('lid', LicenseIdPipe) lid: string) {
    return { events: await this.administration.historyOf(lid) };
  }

  @Patch('licenses/:lid')
  async change(
    @Param('lid', LicenseIdPipe) lid: string,
    @Operator() actor: string,
    @JsonBody() request: ChangeRequest,
  ) {
    return this.administration.change(lid, termsOfMembers<LicenseChange>(request), actor);
  }

  @Post('licenses/:lid/token')
  @HttpCode(200)
  async token(
    @Param('lid', LicenseIdPipe) lid: string,
    @Operator() actor: string,
    @JsonBody() _: EmptyRequest,
  ) {
    return this.administration.token(lid, actor);
  }

  @Post('licenses/:lid/suspend')
  @HttpCode(200)
  async suspend(
    @Param('lid', LicenseIdPipe) lid: string,
    @Operator() actor: string,
    @JsonBody() _: EmptyRequest,
  ) {
    return { license: await this.administration.suspend(lid, actor) };
  }

  @Post('licenses/:lid/resume')
  @HttpCode(200)
  async resume(
    @Param('lid', LicenseIdPipe) lid: string,
    @Operator() actor: string,
    @JsonBody() _: EmptyRequest,
  ) {
    return { license: await this.administration.resume(lid, actor) };
  }

  @Post('licenses/:lid/revoke')
  @HttpCode(200)
  async revoke(
    @Param('lid', LicenseIdPipe) lid: string,
    @Operator() actor: string,
    @JsonBody() _: EmptyRequest,
  ) {
    return { license: await this.administration.revoke(lid, actor) };
  }

  @Post('licenses/:lid/prolong')
  @HttpCode(200)
  async prolong(
    @Param('lid', LicenseIdPipe) lid: string,
    @Operator() actor: string,
    @JsonBody() { days, until }: ProlongRequest,
  ) {
    const by = until === undefined ? { days: days as number } : { until };
    return { license: await this.administration.prolong(lid, by, actor) };
  }

  @Post('licenses/:lid/repair')
  @HttpCode(200)
  async repair(
    @Param('lid', LicenseIdPipe) lid: string,
    @Operator() actor: string,
    @JsonBody() _: EmptyRequest,
  ) {
    return this.administration.repair(lid, actor);
  }

  @Post('repair')
  @HttpCode(200)
  async repairAll(@Operator() actor: string, @JsonBody() _: EmptyRequest) {
    return { licenses: await this.administration.repairAll(actor) };
  }

  @Get('keys')
  async keys() {
    return { keys: await this.administration.keys() };
  }

  @Post('keys')
  @HttpCode(200)
  async addKey(@Operator() actor: string, @JsonBody() { algorithm }: AddKeyRequest) {
    return { key: await this.administration.addKey(algorithm, undefined, actor) };
  }

  @Post('keys/:kid/activate')
  @HttpCode(200)
  async activateKey(
    @Param('kid') kid: string,
    @Operator() actor: string,
    @JsonBody() { force = false }: ForceRequest,
  ) {
    return { key: await this.administration.activateKey(kid, force, actor) };
  }

  @Post('keys/:kid/retire')
  @HttpCode(200)
  async retireKey(
    @Param('kid') kid: string,
    @Operator() actor: string,
    @JsonBody() { force = false }: ForceRequest,
  ) {
    return this.administration.retireKey(kid, force, actor);
  }

  @Post('clock/confirm')
  @HttpCode(200)
  async confirmClock(@Operator() actor: string, @JsonBody() _: EmptyRequest) {
    return { confirmed_at: await this.administration.confirmClock(actor) };
  }
}
