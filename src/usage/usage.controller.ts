import { Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import { ByActor, type RequestActor } from '../access/actor.decorator.js';
import { type ActiveCounts, activeCounts } from '../domain/usage/seat-count.js';
import { JsonBody } from '../http/json-body.js';
import { RequireAction } from '../http/require-action.decorator.js';
import { SubjectDeletions } from './subjects/subject-deletions.js';
import { AdmitRequest, SeenRequest, SubjectRequest } from './usage.request.js';
import {
  type AdmissionResponse,
  admissionResponse,
  type UsageResponse,
  usageResponse,
} from './usage.response.js';
import { UsageService } from './usage.service.js';

/** A thousand events with the longest names fit. */
const MAX_SEEN_BYTES = 512 * 1024;

@Controller('api/licensing')
export class UsageController {
  constructor(
    private readonly usage: UsageService,
    private readonly deletions: SubjectDeletions,
  ) {}

  @Get('usage')
  @RequireAction('licensing:read')
  async report(): Promise<UsageResponse> {
    return usageResponse(await this.usage.usage());
  }

  /** As Grafana has it. */
  @Get('refresh-stats')
  @RequireAction('licensing:read')
  async stats(): Promise<ActiveCounts> {
    return activeCounts(await this.usage.counts());
  }

  @Post('usage/seen')
  @HttpCode(202)
  @RequireAction('licensing.usage:write', { isFrequent: true, isBatched: true })
  async seen(
    @ByActor() actor: RequestActor,
    @JsonBody(MAX_SEEN_BYTES) { events }: SeenRequest,
  ): Promise<{ readonly accepted: number }> {
    return { accepted: await this.usage.seen(events, actor) };
  }

  @Post('usage/admit')
  @HttpCode(200)
  @RequireAction('licensing.usage:write', { isFrequent: true, isBatched: true })
  async admit(
    @ByActor() actor: RequestActor,
    @JsonBody() { subject, kind, role }: AdmitRequest,
  ): Promise<AdmissionResponse> {
    return admissionResponse(await this.usage.admit(subject, kind, role, actor));
  }

  @Post('usage/left')
  @HttpCode(200)
  @RequireAction('licensing.usage:write', { isFrequent: true })
  async left(
    @ByActor() actor: RequestActor,
    @JsonBody() { subject, kind }: SubjectRequest,
  ): Promise<{ readonly freed: boolean }> {
    return { freed: await this.usage.leave(subject, kind, actor) };
  }

  /** The name is in the body, as addresses are logged. */
  @Delete('usage/subjects')
  @RequireAction('licensing.usage:write')
  async deleteSubject(
    @ByActor() actor: RequestActor,
    @JsonBody() { subject, kind }: SubjectRequest,
  ): Promise<{ readonly deleted: boolean }> {
    return { deleted: await this.deletions.delete(actor, subject, kind) };
  }
}
