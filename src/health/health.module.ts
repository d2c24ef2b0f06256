import { Module } from '@nestjs/common';
import { DatabaseHealth } from './database-health.js';
import { HealthController } from './health.controller.js';
import { ProcessState } from './process-state.js';
import { Readiness } from './readiness.js';

@Module({
  controllers: [HealthController],
  providers: [ProcessState, Readiness, DatabaseHealth],
  exports: [ProcessState],
})
export class HealthModule {}
