import { Controller, Get, Query } from '@nestjs/common';
import { RequireAction } from '../../http/require-action.decorator.js';
import { MomentPipe } from '../../http/moment.pipe.js';
import type { ExplanationResponse, TimelineResponse } from './explanation.response.js';
import { LicenseExplainer } from './license-explainer.js';

@Controller('api/licensing')
export class ExplanationController {
  constructor(private readonly explainer: LicenseExplainer) {}

  @Get('check/explain')
  @RequireAction('licensing:read', { fromMemory: true })
  explain(@Query('at', MomentPipe) at: number | undefined): ExplanationResponse {
    return this.explainer.explain(at);
  }

  @Get('timeline')
  @RequireAction('licensing:read', { fromMemory: true })
  timeline(): TimelineResponse {
    return this.explainer.timeline();
  }
}
