import type { ServerResponse } from 'node:http';
import { Controller, Get, Res } from '@nestjs/common';
import { OpenToAll } from './require-action.decorator.js';
import { Metrics } from '../metrics/metrics.js';

/** What Prometheus scrapes: before authentication, from memory. */
@Controller()
export class MetricsController {
  /** What all requests get that come in one turn of the event loop. */
  #text: Promise<string> | undefined;

  constructor(private readonly metrics: Metrics) {}

  @Get('metrics')
  @OpenToAll()
  async read(@Res({ passthrough: true }) response: ServerResponse): Promise<string> {
    response.setHeader('Content-Type', this.metrics.contentType);
    return (this.#text ??= this.#read());
  }

  /** Putting it together takes longer than all the rest of a request, and every client of the port may ask. */
  async #read(): Promise<string> {
    // After what came in with the request, and before what comes when its answer was read.
    setImmediate(() => (this.#text = undefined));
    return this.metrics.text();
  }
}
