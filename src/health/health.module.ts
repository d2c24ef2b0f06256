import { Module } from '@nestjs/common';
import { DatabaseHealth } from './database-health.js';
import { HealthMetrics } from './health-metrics.js';
import { HealthController } from './health.controller.js';
import { MetricsController } from '../http/metrics.controller.js';
import { ProcessState } from './process-state.js';
import { Readiness } from './readiness.js';

@Module({
  controllers: [HealthController, MetricsController],
  providers: [ProcessState, Readiness, DatabaseHealth, HealthMetrics],
  exports: [ProcessState],
})
export class HealthModule {}
