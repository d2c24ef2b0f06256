import type { ServerResponse } from 'node:http';
import { Controller, Get, Res } from '@nestjs/common';
import { OpenToAll } from './require-action.decorator.js';
import { Metrics } from '../metrics/metrics.js';

/** What Prometheus scrapes: before authentication, from memory. */
@Controller()
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get('metrics')
  @OpenToAll()
  async read(@Res({ passthrough: true }) response: ServerResponse): Promise<string> {
    response.setHeader('Content-Type', this.metrics.contentType);
    return this.metrics.text();
  }
}
