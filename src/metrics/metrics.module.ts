import { Global, Module } from '@nestjs/common';
import { Metrics } from './metrics.js';

/** Where everybody may count: see {@link Metrics}. */
@Global()
@Module({ providers: [Metrics], exports: [Metrics] })
export class MetricsModule {}
