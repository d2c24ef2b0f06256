import { Controller, Get, Header, Query } from '@nestjs/common';
import { Database } from '../database/database.js';
import { hasUnstorableText } from '../domain/unstorable-text.js';
import { badRequest } from '../http/bad-request.js';
import { MomentPipe } from '../http/moment.pipe.js';
import { PageSizePipe } from '../http/page-size.pipe.js';
import { RequireAction } from '../http/require-action.decorator.js';
import { AuditRefusalStore } from './audit-refusal.store.js';
import {
  type AuditResponse,
  auditResponse,
  type RefusalsResponse,
  refusalsResponse,
  type SealResponse,
  sealResponse,
} from './audit.response.js';
import { AuditSealer } from './audit-sealer.js';
import { AuditStore } from './audit.store.js';

const MAX_TEXT = 1_100;

@Controller('api/audit')
export class AuditController {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditStore,
    private readonly refusalStore: AuditRefusalStore,
    private readonly sealer: AuditSealer,
  ) {}

  @Get()
  @RequireAction('audit:read')
  async list(
    @Query('from', MomentPipe) from: number | undefined,
    @Query('to', MomentPipe) to: number | undefined,
    @Query('actor') actor: unknown,
    @Query('action') action: unknown,
    @Query('target') target: unknown,
    @Query('cursor') cursor: unknown,
    @Query('limit', PageSizePipe) limit: number,
  ): Promise<AuditResponse> {
    if (from !== undefined && to !== undefined && from > to) throw badRequest('from must not be after to');
    const filter = {
      from,
      to,
      actor: textIn('actor', actor),
      action: textIn('action', action),
      target: textIn('target', target),
      before: idIn(cursor),
    };
    return auditResponse(await this.database.read((manager) => this.audit.page(manager, filter, limit)));
  }

  /** Each page of it, joined to the one before, can be checked. */
  @Get('export')
  @RequireAction('audit:read')
  @Header('Content-Type', 'application/jsonl; charset=utf-8')
  async export(@Query('after') after: unknown): Promise<string> {
    return this.sealer.export(after === '0' ? 0 : (idIn(after, 'after') ?? 0));
  }

  @Get('seal')
  @RequireAction('audit:read')
  async seal(): Promise<SealResponse> {
    return sealResponse(await this.sealer.head());
  }

  @Get('refusals')
  @RequireAction('audit:read')
  async refusals(
    @Query('cursor') cursor: unknown,
    @Query('limit', PageSizePipe) limit: number,
  ): Promise<RefusalsResponse> {
    const before = idIn(cursor);
    const page = await this.database.read((manager) => this.refusalStore.page(manager, limit, before));
    return refusalsResponse(page, limit);
  }
}

/** @throws ServiceError `bad-request` */
function textIn(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '' || value.length > MAX_TEXT || hasUnstorableText(value))
    throw badRequest(`${name} must be a text of 1 to ${MAX_TEXT} characters, said once`);
  return value;
}

/** @throws ServiceError `bad-request` */
function idIn(value: unknown, name = 'cursor'): number | undefined {
  if (value === undefined) return undefined;
  const id = typeof value === 'string' && /^[1-9]\d{0,15}$/.test(value) ? Number(value) : NaN;
  if (!Number.isSafeInteger(id))
    throw badRequest(
      `${name} must be ${name === 'after' ? 'the number of an exported line' : 'the cursor of an earlier answer'}`,
    );
  return id;
}
