import { Controller, Get, Headers, HttpCode, Post, Query, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { badRequest } from '../http/bad-request.js';
import { DayPipe } from '../http/day.pipe.js';
import { JsonBody } from '../http/json-body.js';
import { PageSizePipe } from '../http/page-size.pipe.js';
import { RequireAction } from '../http/require-action.decorator.js';
import { SUBJECT_KINDS, type SubjectKind, subjectFault } from '../domain/usage/subject.js';
import { parseDay } from '../domain/usage/usage-window.js';
import type { DenialPosition } from './subjects/usage-denial.store.js';
import { SubjectRequest } from './usage.request.js';
import {
  type DenialsResponse,
  denialsResponse,
  ledgerCsv,
  ledgerEntry,
  ledgerLines,
  type SubjectResponse,
  subjectResponse,
  type SubjectsResponse,
  subjectsResponse,
  type UsageHistoryResponse,
} from './usage-reading.response.js';
import { UsageReader } from './usage-reader.js';

/** A hash of a subject. */
const SUBJECT = /^[A-Za-z0-9_-]{43}$/;

@Controller('api/licensing/usage')
export class UsageReadingController {
  constructor(private readonly reader: UsageReader) {}

  @Get('explain')
  @RequireAction('licensing.usage:read')
  async explain(@Query('subject') subject: unknown, @Query('kind') kind: unknown): Promise<SubjectResponse> {
    const fault = subjectFault(subject);
    if (fault !== undefined) throw badRequest(`subject ${fault}`);
    if (kind !== undefined && !SUBJECT_KINDS.some((known) => known === kind))
      throw badRequest(`kind must be one of ${SUBJECT_KINDS.join(', ')}`);
    return subjectResponse(await this.reader.explain(subject as string, kind as SubjectKind | undefined));
  }

  /** The same: names need not be in addresses, which logs of proxies keep. */
  @Post('explain')
  @HttpCode(200)
  @RequireAction('licensing.usage:read', { isFrequent: true })
  async explainUnlogged(@JsonBody() { subject, kind }: SubjectRequest): Promise<SubjectResponse> {
    return subjectResponse(await this.reader.explain(subject, kind));
  }

  @Get('subjects')
  @RequireAction('licensing.usage:read')
  async subjects(
    @Query('cursor') cursor: unknown,
    @Query('limit', PageSizePipe) limit: number,
  ): Promise<SubjectsResponse> {
    if (cursor !== undefined && !isSubject(cursor)) throw badCursor();
    return subjectsResponse(await this.reader.page(cursor ?? '', limit), limit);
  }

  @Get('denials')
  @RequireAction('licensing.usage:read')
  async denials(
    @Query('cursor') cursor: unknown,
    @Query('limit', PageSizePipe) limit: number,
  ): Promise<DenialsResponse> {
    return denialsResponse(await this.reader.denials(positionIn(cursor), limit), limit);
  }

  @Get('history')
  @RequireAction('licensing:read')
  async history(
    @Query('from', DayPipe) from: number | undefined,
    @Query('to', DayPipe) to: number | undefined,
  ): Promise<UsageHistoryResponse> {
    return { days: (await this.reader.closedDays(from, to)).map(ledgerEntry) };
  }

  @Get('ledger')
  @RequireAction('licensing.usage:read')
  async ledger(
    @Query('from', DayPipe) from: number | undefined,
    @Query('to', DayPipe) to: number | undefined,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<string> {
    const isCsv = accept?.includes('text/csv') === true;
    const days = await this.reader.closedDays(from, to);
    response.setHeader('Content-Type', `${isCsv ? 'text/csv' : 'application/jsonl'}; charset=utf-8`);
    return isCsv ? ledgerCsv(days) : ledgerLines(days);
  }
}

function isSubject(text: unknown): text is string {
  return typeof text === 'string' && SUBJECT.test(text);
}

function positionIn(cursor: unknown): DenialPosition | undefined {
  if (cursor === undefined) return undefined;
  const [text = '', subject, ...more] = typeof cursor === 'string' ? cursor.split('.') : [];
  const day = parseDay(text);
  if (day === undefined || !isSubject(subject) || more.length > 0) throw badCursor();
  return { day, subject };
}

function badCursor(): Error {
  return badRequest('cursor must be the cursor of an earlier answer');
}
